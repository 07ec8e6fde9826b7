"""The contract of executors, which compute jobs."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict

# A worker process imports this module first; slow imports come later.
if TYPE_CHECKING:
    from typing import Self

    import torch

    from xlser.methods import Track
    from xlser.runs.jobs import Job, JobContext, JobResult

MOMENT = 1.0
"""Seconds that an executor waits for events before it returns without any."""


@dataclass(frozen=True)
class Began:
    """A job has begun: it no longer waits in a queue."""

    key: str


@dataclass(frozen=True)
class Ended:
    """A job has ended."""

    key: str
    ending: "JobResult"


@dataclass(frozen=True)
class Lost:
    """The process of a job is lost, and the job with it: it can be computed again.

    Attributes:
        key: of the job.
        how: the process ended, in words.
    """

    key: str
    how: str


JobEvent = Began | Ended | Lost

Epoch = Callable[[str, int, int], None]
"""Called with (key of a job, epochs done, epochs in all) while jobs run."""


def throttled(report: Callable[[int, int], None], pause: float) -> Callable[[int, int], None]:
    """Return a progress callback that calls `report` once in so many seconds at most.

    Args:
        report: called with (epochs done, epochs in all).
        pause: seconds before the first call and between two.
    """
    last = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > pause:
            last = time.monotonic()
            report(done, total)

    return progress


class Executor(BaseModel, ABC):
    """A place where jobs are computed: on this machine, or on an engine that somebody runs.

    It computes jobs in any order and yields their events. It knows neither plans nor dependencies
    nor where records belong. Its fields are its options.

    Attributes:
        name: under which a package registers it in the entry-point group `xlser.executors`.
    """

    name: ClassVar[str]

    model_config = ConfigDict(extra="forbid", frozen=True)

    @abstractmethod
    def device(self, asked: str | None) -> "torch.device":
        """Return the device that jobs train on.

        Raises:
            SettingsError: there is no such device.
        """

    def sized(self, track: "Track", device: "torch.device", jobs: int) -> "Self":
        """Return this executor made fit for so many jobs.

        Args:
            track: of the jobs.
            device: that they train on.
            jobs: number of runs to do.
        """
        del track, device, jobs
        return self

    @property
    @abstractmethod
    def threads(self) -> int:
        """Threads of a process that fine-tunes, so that all processes share the cores."""

    @abstractmethod
    def crew(self, shared: "JobContext", epoch: Epoch) -> "Crew":
        """Return workers for jobs that have `shared` in common.

        Raises:
            WorkerError: nothing can be computed here.
        """


class Crew(ABC):
    """Workers that compute jobs until they are closed.

    Closing it cancels accepted jobs without an `Ended` event, or, where an engine keeps them
    running, leaves them for the next crew of that engine.
    """

    @abstractmethod
    def room(self) -> int:
        """Return how many jobs it can accept now."""

    @abstractmethod
    def take(self, jobs: "Sequence[Job]") -> None:
        """Accept jobs, at most `room()`."""

    @abstractmethod
    def wait(self) -> Iterable[JobEvent]:
        """Yield the events since the last call; wait up to `MOMENT` for one."""

    @abstractmethod
    def close(self) -> None:
        """Cancel unfinished jobs and release all resources."""
