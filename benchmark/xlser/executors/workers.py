"""Processes of this machine as a crew: each takes one job after the other."""

import multiprocessing
import pickle
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from xlser.errors import WorkerError
from xlser.executors.executor import MOMENT, Began, Crew, Ended, Epoch, Lost, Word, throttled
from xlser.runs.processes import (
    end_with_the_parent,
    how_ended,
    interrupts_ignored,
    without_main_module,
)

# A worker watches its parent from its first moment on; what takes seconds to import comes later.
if TYPE_CHECKING:
    import torch

    from xlser.runs.jobs import Job, JobContext


class Workers(Crew):
    """Processes side by side.

    One that a job takes along is replaced, and so is one whose job takes longer than
    `shared.timeout`. None outlives the crew, nor this process.
    """

    def __init__(self, shared: "JobContext", epoch: Epoch, count: int) -> None:
        self._timeout = shared.timeout
        self._epoch = epoch
        self._shared = pickle.dumps(shared)
        self._devices = [_nth(shared.device, place) for place in range(count)]
        self._workers: list[_Worker] = []
        try:
            for device in self._devices:
                self._workers.append(_Worker(self._shared, device))
        except BaseException:
            self.close()
            raise

    def room(self) -> int:
        """Return how many workers listen and have nothing to do."""
        return sum(worker.free for worker in self._workers)

    def take(self, jobs: "Sequence[Job]") -> None:
        """Hand each job to a worker that is free."""
        free = [worker for worker in self._workers if worker.free]
        for worker, job in zip(free, jobs, strict=False):
            worker.take(job)

    def wait(self) -> Iterator[Word]:
        """Yield what workers say, and what became of those that say nothing any more.

        Raises:
            WorkerError: workers do not start here.
        """
        for place, worker in enumerate(self._workers):
            if self._timeout and worker.busy_for() > self._timeout:
                yield worker.overdue(self._timeout)
                self._replace(place)
        wait([worker.connection for worker in self._workers], MOMENT)
        for place, worker in enumerate(self._workers):
            while worker.connection.poll():
                try:
                    kind, said = worker.hear()
                except (EOFError, OSError):
                    yield from worker.obituary()
                    self._replace(place)
                    break
                if kind == "epoch":
                    self._epoch(*said)
                elif kind == "began":
                    yield Began(said)
                elif kind == "ended":
                    yield Ended(*said)

    def close(self) -> None:
        """End all workers, whatever they are at."""
        for worker in self._workers:
            worker.kill()
        self._workers.clear()

    def _replace(self, place: int) -> None:
        self._workers[place].kill()
        self._workers[place] = _Worker(self._shared, self._devices[place])


def _nth(device: "torch.device", place: int) -> "torch.device":
    """Return the GPU for the worker at `place` where there are several and none is named."""
    import torch

    if device.type != "cuda" or device.index is not None:
        return device
    return torch.device("cuda", place % torch.cuda.device_count())


class _Worker:
    """A worker as its parent sees it.

    Attributes:
        connection: to the worker.
        free: whether it listens and has nothing to do.
    """

    def __init__(self, shared: bytes, device: "torch.device") -> None:
        self._shared: bytes | None = shared
        self._device = device
        self._job: Job | None = None
        self._began: float | None = None  # by the monotonic clock
        self._worked = False
        self.free = False
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,))
        with interrupts_ignored(), without_main_module():
            self._process.start()
        theirs.close()

    def take(self, job: "Job") -> None:
        """Hand it a job, and before its first what all have in common.

        Both only now that it listens: a pipe holds less, and its parent is not to wait.
        """
        self._job, self.free = job, False
        with suppress(OSError):  # a dead worker is noticed in `wait`
            if self._shared:
                self.connection.send_bytes(self._shared)
                self.connection.send(self._device)
                self._shared = None
            self.connection.send(job)

    def hear(self) -> tuple[str, Any]:
        """Return what it says and what belongs to it: "free", "began", "epoch" or "ended"."""
        said: tuple[str, Any] = self.connection.recv()
        if said[0] == "began":
            self._began = time.monotonic()
        elif said[0] in ("free", "ended"):
            self.free, self._job, self._began = True, None, None
            self._worked = True
        return said

    def busy_for(self) -> float:
        """Return for how many seconds it has been at its job."""
        return time.monotonic() - self._began if self._began is not None else 0.0

    def overdue(self, timeout: float) -> Word:
        """Return the failure of its job, which takes longer than `timeout`, seconds."""
        from xlser.runs.jobs import overdue

        assert self._job
        return Ended(self._job.key, overdue(self._job, timeout))

    def obituary(self) -> Iterator[Word]:
        """Yield the loss of the job that it died at, if it had any.

        Raises:
            WorkerError: it died before it could listen.
        """
        self._process.join()
        how = how_ended(self._process.exitcode)
        if not self._worked:
            raise WorkerError(
                f"A worker process ended {how} before its first run.",
                "Its output is above; --jobs 1 runs without workers.",
            )
        if self._job:
            yield Lost(self._job.key, f"its process ended {how}")

    def kill(self) -> None:
        """End its process, whatever it is at."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _work(parent: Connection) -> None:
    """Be a worker: do the jobs that the parent sends until it sends no more."""
    end_with_the_parent()
    from dataclasses import replace

    import torch

    from xlser.runs.jobs import do

    with suppress(EOFError, ConnectionError):  # the parent is gone
        parent.send(("free", None))
        shared: JobContext = pickle.loads(parent.recv_bytes())
        shared = replace(shared, device=parent.recv())
        torch.set_num_threads(shared.threads)
        while True:
            job: Job = parent.recv()
            parent.send(("began", job.key))
            progress = throttled(partial(_report, parent, job.key), MOMENT)
            ending = do(job, shared, progress)
            parent.send(("ended", (job.key, ending)))


def _report(parent: Connection, key: str, done: int, total: int) -> None:
    parent.send(("epoch", (key, done, total)))
