"""The time left of a plan: the expected costs of its jobs, corrected by what jobs took."""

from collections import deque
from dataclasses import dataclass, field
from statistics import median

_RECENT = 100  # jobs whose median overhead counts


@dataclass
class _Job:
    """A job that has not ended.

    Attributes:
        kind: of the job.
        expected: seconds.
        began: when it last began, in seconds of the clock.
        share: done of it, 0 to 1; 0 if it reports none.
    """

    kind: "_Kind"
    expected: float
    began: float = 0.0
    share: float = 0.0

    def rest(self, lasts: float, now: float) -> float:
        """Return the seconds left of a running job.

        Args:
            lasts: seconds from its beginning to its end.
            now: the time.
        """
        return max(0.0, lasts - (self.share * lasts or now - self.began))


@dataclass
class _Kind:
    """Jobs of one kind.

    Attributes:
        waiting: number of jobs that neither run nor have ended.
        pending: their expected seconds.
        longest: expected seconds of the longest job.
        running: jobs, by key.
        expected: expected seconds of jobs that have ended.
        computed: seconds that those computed.
    """

    waiting: int = 0
    pending: float = 0.0
    longest: float = 0.0
    running: dict[str, _Job] = field(default_factory=dict)
    expected: float = 0.0
    computed: float = 0.0

    def wait(self, job: _Job, count: int = 1) -> None:
        """Count a job as waiting, or with -1 no longer."""
        self.waiting += count
        self.pending += count * job.expected

    def done(self, now: float) -> tuple[float, float]:
        """Return what is done: (seconds that it took, seconds that were expected)."""
        begun = [job for job in self.running.values() if job.share]
        took = self.computed + sum(now - job.began for job in begun)
        return took, self.expected + sum(job.share * job.expected for job in begun)


class TimeLeft:
    """Estimates how long the rest takes on as many workers as were busy so far.

    Expected costs may be those of another machine or protocol. So those of a kind of jobs are
    scaled by what jobs of that kind took, and those of a kind of which nothing is done by what all
    jobs took. To each the overhead is added: the median of what recent jobs took beside computing.
    The rest takes as long as its longest job at least.

    Times are in seconds of a monotonic clock.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}
        self._jobs: dict[str, _Job] = {}  # that have not ended
        self._first: float | None = None  # when the first job began
        self._busy = 0.0  # seconds that workers spent on jobs that have ended
        self._overheads: deque[float] = deque(maxlen=_RECENT)

    def add(self, key: str, kind: str, expected: float) -> None:
        """Add a job that waits.

        Args:
            key: of the job.
            kind: that its cost resembles: the name of its method.
            expected: seconds; only how jobs compare matters.
        """
        of = self._kinds.setdefault(kind, _Kind())
        of.longest = max(of.longest, expected)
        self._jobs[key] = _Job(of, expected)
        of.wait(self._jobs[key])

    def begin(self, key: str, now: float) -> None:
        """Count a job as running."""
        self._first = now if self._first is None else self._first
        job = self._jobs.get(key)
        if job and key not in job.kind.running:
            job.began, job.share = now, 0.0
            job.kind.running[key] = job
            job.kind.wait(job, -1)

    def note(self, key: str, share: float) -> None:
        """Note what share of a running job is done, 0 to 1."""
        if job := self._jobs.get(key):
            job.share = share

    def again(self, key: str) -> None:
        """Count a running job as waiting again; what it did is lost."""
        job = self._jobs.get(key)
        if job and job.kind.running.pop(key, None):
            job.kind.wait(job)

    def end(self, key: str, now: float, computed: float | None = None) -> None:
        """Count a job as ended.

        Args:
            key: of the job; it need not have begun.
            now: when it ended.
            computed: seconds that it computed; None if it does not state them.
        """
        job = self._jobs.pop(key, None)
        if job is None:
            return
        if job.kind.running.pop(key, None) is None:
            job.kind.wait(job, -1)
            return
        took = now - job.began
        self._busy += took
        if computed is not None:
            self._overheads.append(max(0.0, took - computed))
        job.kind.expected += job.expected
        job.kind.computed += took if computed is None else computed

    def seconds(self, now: float, unplanned: float = 0.0) -> float | None:
        """Return the seconds left; None before any job has progressed.

        Args:
            now: the time.
            unplanned: runs that are not added yet, per run that was.
        """
        done = {name: kind.done(now) for name, kind in self._kinds.items()}
        took, expected = (sum(parts) for parts in zip((0.0, 0.0), *done.values(), strict=True))
        if self._first is None or now <= self._first or not expected:
            return None
        overhead = median(self._overheads) if self._overheads else 0.0
        busy, left, longest = self._busy, 0.0, 0.0
        for name, kind in self._kinds.items():
            own_took, own_expected = done[name]
            scale = own_took / own_expected if own_expected else took / expected
            rests = [
                job.rest(scale * job.expected + overhead, now) for job in kind.running.values()
            ]
            if kind.waiting:
                longest = max(longest, scale * kind.longest + overhead)
            busy += sum(now - job.began for job in kind.running.values())
            left += scale * kind.pending + kind.waiting * overhead + sum(rests)
            longest = max([longest, *rests])
        left += unplanned * (busy + left)
        return max(left * (now - self._first) / busy, longest)
