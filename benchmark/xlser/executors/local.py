"""The executor for one machine."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar

import torch
from pydantic import PositiveInt

from xlser.executors.executor import Began, Crew, Ended, Epoch, Executor, JobEvent
from xlser.executors.workers import Workers
from xlser.methods import Track
from xlser.runs.environment import choose_device
from xlser.runs.jobs import Job, JobContext, do
from xlser.settings import cpu_count
from xlser.system.memory import memory_at_hand

_WORKER = 1 << 30  # bytes; runs of the frozen track held up to 0.9 GiB, see peak_memory of records


class Local(Executor):
    """Computes on this machine.

    Attributes:
        jobs: side by side, in processes of their own; one job at a time and no timeout need none.
            None: as `sized` finds.
    """

    name: ClassVar[str] = "local"

    jobs: PositiveInt | None = None

    def device(self, asked: str | None) -> torch.device:
        """Return the device asked for, or a GPU where there is one."""
        return choose_device(asked)

    def sized(self, track: Track, device: torch.device, jobs: int) -> "Local":
        """Return this executor with the jobs side by side that the machine and the work allow.

        By default one per GPU; on a CPU one per core on the frozen track, where each is held at one
        thread, as far as memory goes, and one that takes all cores when fine-tuning. A worker
        takes as long to start as a few frozen runs do: fewer runs, fewer workers.
        """
        if self.jobs is not None:
            most = min(self.jobs, jobs)
        elif device.type == "cuda":
            most = min(1 if device.index is not None else torch.cuda.device_count(), jobs)
        elif track == "frozen":
            most = min(cpu_count(), memory_at_hand() // _WORKER, jobs // 4)
        else:
            most = 1
        return Local(jobs=max(1, most))

    @property
    def threads(self) -> int:
        """The cores, shared out."""
        return max(1, torch.get_num_threads() // (self.jobs or 1))

    def crew(self, shared: JobContext, epoch: Epoch) -> Crew:
        """Return this process, or several of this machine."""
        if self.jobs in (None, 1) and shared.timeout is None:
            return ThisProcess(shared, epoch)
        return Workers(shared, epoch, self.jobs or 1)


class ThisProcess(Crew):
    """This process as a crew; it computes in `wait`."""

    def __init__(self, shared: JobContext, epoch: Epoch) -> None:
        self._shared = shared
        self._epoch = epoch
        self._jobs: list[Job] = []

    def room(self) -> int:
        """Return 1, or 0 with a job to do."""
        return 1 - len(self._jobs)

    def take(self, jobs: Sequence[Job]) -> None:
        """Accept a job."""
        self._jobs += jobs

    def wait(self) -> Iterator[JobEvent]:
        """Compute the job; yield when it begins and when it ended."""
        while self._jobs:
            job = self._jobs.pop()
            yield Began(job.key)
            yield Ended(job.key, do(job, self._shared, partial(self._epoch, job.key)))

    def close(self) -> None:
        """Drop jobs that have not begun."""
        self._jobs.clear()
