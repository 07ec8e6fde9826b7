"""Computes jobs in this process, one after the other."""

from collections.abc import Iterator, Sequence
from functools import partial

from xlser.executors.executor import Began, Crew, Ended, Epoch, JobEvent
from xlser.runs.jobs import Job, JobContext, do


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
