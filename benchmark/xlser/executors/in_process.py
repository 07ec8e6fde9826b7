"""This process as a crew: one job after the other."""

from collections.abc import Iterator, Sequence
from functools import partial

from xlser.executors.executor import Began, Crew, Ended, Epoch, Word
from xlser.runs.jobs import Job, JobContext, do


class ThisProcess(Crew):
    """Computes a job when it is waited for."""

    def __init__(self, shared: JobContext, epoch: Epoch) -> None:
        self._shared = shared
        self._epoch = epoch
        self._jobs: list[Job] = []

    def room(self) -> int:
        """Return 1, or 0 while there is a job to do."""
        return 1 - len(self._jobs)

    def take(self, jobs: Sequence[Job]) -> None:
        """Accept a job."""
        self._jobs += jobs

    def wait(self) -> Iterator[Word]:
        """Yield that the job begins, and how it ended."""
        while self._jobs:
            job = self._jobs.pop()
            yield Began(job.key)
            yield Ended(job.key, do(job, self._shared, partial(self._epoch, job.key)))

    def close(self) -> None:
        """Leave what is not begun."""
        self._jobs.clear()
