"""What an executor is: a place where jobs are computed."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict

# A worker process imports this room from its first moment on; what takes long comes later.
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    import torch

    from xlser.methods import Track
    from xlser.runs.jobs import Job, JobContext, JobResult

MOMENT = 1.0
"""Seconds that an executor waits for news before it says that there are none."""


@dataclass(frozen=True)
class Began:
    """A job has begun: it is at work, not waiting for a place."""

    key: str


@dataclass(frozen=True)
class Ended:
    """A job has ended."""

    key: str
    ending: "JobResult"


@dataclass(frozen=True)
class Lost:
    """What computed a job is gone, and the job with it: it can be given out again.

    Attributes:
        key: of the job.
        how: it went, as in "by SIGKILL".
    """

    key: str
    how: str


Word = Began | Ended | Lost

Epoch = Callable[[str, int, int], None]
"""Told of (key of a job, epochs done, epochs in all) while jobs are at work."""


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

    It computes what it is given, in any order, and tells how it went. It knows nothing of plans,
    of who waits for whom, nor of where records belong. Its fields are its options.

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
        """Return this executor made fit for so many jobs."""
        del track, device, jobs
        return self

    @property
    @abstractmethod
    def threads(self) -> int:
        """Threads of a process that fine-tunes, so that all together take the cores there are."""

    @abstractmethod
    def crew(self, shared: "JobContext", epoch: Epoch) -> "Crew":
        """Return what computes jobs that have `shared` in common.

        Raises:
            WorkerError: nothing can be computed here.
        """


class Crew(ABC):
    """What computes jobs, until it is closed.

    Nothing that it computed is lost by closing it: what `take` accepted and no `Ended` told of is
    given up, or, where an engine keeps it going, found again by the next crew of that engine.
    """

    @abstractmethod
    def room(self) -> int:
        """Return how many jobs it would take now."""

    @abstractmethod
    def take(self, jobs: "Sequence[Job]") -> None:
        """Accept jobs, at most as many as there is room for."""

    @abstractmethod
    def wait(self) -> Iterable[Word]:
        """Yield what happened since it was asked last; wait a moment where nothing did."""

    @abstractmethod
    def close(self) -> None:
        """Cancel unfinished jobs and release all resources."""

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: "TracebackType | None",
    ) -> None:
        self.close()
