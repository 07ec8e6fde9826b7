"""The time left of a plan: the expected costs of its jobs, corrected by what jobs took."""

from dataclasses import dataclass
from statistics import median


@dataclass
class _Kind:
    """Jobs of one kind, in seconds.

    Attributes:
        pending: expected, of jobs that have not ended.
        expected: expected, of those that have.
        taken: by those that have.
    """

    pending: float = 0.0
    expected: float = 0.0
    taken: float = 0.0


class TimeLeft:
    """Estimates how long the rest takes, at the pace so far.

    Expected costs may be those of another machine or protocol. So those of a kind of jobs are
    scaled by what jobs of that kind took, and those of a kind of which none has ended by the median
    scale of the others.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}
        self._jobs: dict[str, tuple[_Kind, float]] = {}  # that have not ended: kind, expected
        self._shares: dict[str, float] = {}  # of running jobs: what is done, 0 to 1

    def add(self, key: str, kind: str, expected: float) -> None:
        """Add a job.

        Args:
            key: of the job.
            kind: that its cost resembles: the name of its method.
            expected: seconds; only how jobs compare matters.
        """
        of = self._kinds.setdefault(kind, _Kind())
        of.pending += expected
        self._jobs[key] = of, expected

    def note(self, key: str, share: float) -> None:
        """Note what share of a running job is done, 0 to 1; 0 for one that is repeated."""
        if key in self._jobs:
            self._shares[key] = share

    def end(self, key: str, taken: float | None) -> None:
        """Count a job as ended.

        Args:
            key: of the job.
            taken: seconds; None if it never started.
        """
        self._shares.pop(key, None)
        if key not in self._jobs:
            return
        kind, expected = self._jobs.pop(key)
        kind.pending -= expected
        if taken is not None:
            kind.expected += expected
            kind.taken += taken

    def seconds(self, elapsed: float, unplanned: float = 0.0) -> float | None:
        """Return the seconds left; None before any job has progressed.

        Args:
            elapsed: seconds since the first job began.
            unplanned: runs that are not added yet, per run that was.
        """
        scales = {
            id(kind): kind.taken / kind.expected
            for kind in self._kinds.values()
            if kind.expected > 0
        }
        usual = median(scales.values()) if scales else 1.0

        def scaled(kind: _Kind, seconds: float) -> float:
            return seconds * scales.get(id(kind), usual)

        running = sum(share * scaled(*self._jobs[key]) for key, share in self._shares.items())
        ended = sum(kind.taken for kind in self._kinds.values())
        pending = sum(scaled(kind, kind.pending) for kind in self._kinds.values())
        if ended + running <= 0:
            return None
        rest = pending - running + unplanned * (ended + pending)
        return max(0.0, rest) * elapsed / (ended + running)
