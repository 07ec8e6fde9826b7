"""Worker processes of this machine: each computes one job after the other.

Pools of libraries were tried: those of loky and concurrent.futures lose all jobs with one
worker; in pebble's all workers share the lock of one channel, and its threads replace workers.
"""

import multiprocessing
import pickle
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from xlser.errors import WorkerError
from xlser.executors.executor import MOMENT, Began, Crew, Ended, Epoch, JobEvent, Lost, throttled
from xlser.runs.processes import (
    end_with_the_parent,
    how_ended,
    interrupts_ignored,
    without_main_module,
)

# A worker watches its parent from its start: slow imports come later.
if TYPE_CHECKING:
    import torch

    from xlser.runs.jobs import Job, JobContext


class Workers(Crew):
    """Processes side by side.

    A worker that dies is replaced, and so is one whose job takes longer than `shared.timeout`. None
    outlives this process.
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
        """Return how many workers are ready and idle."""
        return sum(worker.free for worker in self._workers)

    def take(self, jobs: "Sequence[Job]") -> None:
        """Hand each job to a worker that is free."""
        free = [worker for worker in self._workers if worker.free]
        for worker, job in zip(free, jobs, strict=False):
            worker.take(job)

    def wait(self) -> Iterator[JobEvent]:
        """Yield the events of jobs, and replace workers that died or take too long.

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
                    kind, content = worker.receive()
                except (EOFError, OSError):
                    yield from worker.loss()
                    self._replace(place)
                    break
                if kind == "epoch":
                    self._epoch(*content)
                elif kind == "began":
                    yield Began(content)
                elif kind == "ended":
                    yield Ended(*content)

    def close(self) -> None:
        """Kill all workers."""
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
        free: whether it is ready and idle.
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
        """Send it a job, before the first one the context of all.

        Only a worker that is ready is sent anything: a pipe holds less than a context, and writing
        to it would block.
        """
        self._job, self.free = job, False
        with suppress(OSError):  # a dead worker is noticed in `wait`
            if self._shared:
                self.connection.send_bytes(self._shared)
                self.connection.send(self._device)
                self._shared = None
            self.connection.send(job)

    def receive(self) -> tuple[str, Any]:
        """Return the kind of its message ("free", "began", "epoch", "ended") and the content."""
        message: tuple[str, Any] = self.connection.recv()
        if message[0] == "began":
            self._began = time.monotonic()
        elif message[0] in ("free", "ended"):
            self.free, self._job, self._began = True, None, None
            self._worked = True
        return message

    def busy_for(self) -> float:
        """Return the seconds since its job began."""
        return time.monotonic() - self._began if self._began is not None else 0.0

    def overdue(self, timeout: float) -> JobEvent:
        """Return the failure of its job, which took longer than `timeout`, seconds."""
        from xlser.runs.jobs import overdue

        assert self._job
        return Ended(self._job.key, overdue(self._job, timeout))

    def loss(self) -> Iterator[JobEvent]:
        """Yield the loss of its job, if it died at one.

        Raises:
            WorkerError: it died before its first job.
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
        """Kill its process."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _work(parent: Connection) -> None:
    """Compute the jobs that the parent sends, until it is gone."""
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
