"""Progress of a plan: counts, cost and the time left."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from xlser.methods.vocabulary import SOURCE_MODEL
from xlser.monitoring.time_left import TimeLeft

# Readers of status files import this module: heavy imports stay out of it.
if TYPE_CHECKING:
    from xlser.records.record import Record
    from xlser.runs.jobs import Job, JobContext
    from xlser.runs.plan import Run

SHOWN = 8
"""How many jobs at work a snapshot names: those that began first."""


@dataclass
class _AtWork:
    job: "Job"
    began: float
    done: int = 0
    total: int | None = None


class Progress:
    """Counts jobs and their cost; `snapshot` returns the current state.

    One thread may report while another reads.

    Args:
        expected: number of runs, where not all are planned at once.
        seconds: what a job will cost; only how jobs compare matters.
        clock: monotonic, in seconds.
        now: the time of day, in UTC.
    """

    def __init__(
        self,
        expected: int = 0,
        seconds: "Callable[[Job], float]" = lambda job: 1.0,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._expected = expected
        self._seconds = seconds
        self._clock = clock
        self._now = now
        self._lock = threading.RLock()
        self._start = clock()
        self._began = now()
        self._shared: JobContext | None = None
        self._left = TimeLeft()
        self._planned = self._done = self._failed = self._repeated = 0
        self._at_work: dict[str, _AtWork] = {}
        self._used = {"core": 0.0, "gpu": 0.0}  # seconds

    def planned(self, jobs: "Sequence[Job]", shared: "JobContext") -> None:
        """Add jobs that are to be done."""
        with self._lock:
            self._shared = shared
            for job in jobs:
                kind = SOURCE_MODEL if job.model else job.run.method.name
                self._left.add(job.key, kind, self._seconds(job))
            self._planned += sum(job.model is None for job in jobs)

    def started(self, job: "Job") -> None:
        """Count a job as at work."""
        with self._lock:
            began = self._clock()
            self._at_work[job.key] = _AtWork(job, began)
            self._left.begin(job.key, began)

    def epoch(self, key: str, done: int, total: int) -> None:
        """Note how many epochs of its stage a job has done; ignored for a job that has ended."""
        with self._lock:
            if work := self._at_work.get(key):
                work.done, work.total = done, total
                self._left.note(key, done / total if total else 0.0)

    def repeated(self, job: "Job") -> None:
        """Count a job as waiting again."""
        with self._lock:
            self._repeated += 1
            self._at_work.pop(job.key, None)
            self._left.again(job.key)

    def trained(self, job: "Job", seconds: float) -> None:
        """Count a source model as trained, which took so long."""
        with self._lock:
            self._end(job.key, seconds)
            if shared := self._shared:
                threads = 1 if job.run.track == "frozen" else shared.threads
                self._use(seconds, threads, shared.device.type)

    def untrained(self, job: "Job") -> None:
        """Count a source model whose training failed."""
        with self._lock:
            self._end(job.key)

    def finished(self, run: "Run", record: "Record") -> None:
        """Count a run as done."""
        with self._lock:
            self._done += 1
            # The source model was trained once, by a job of its own.
            seconds = sum(s for stage, s in record.seconds.items() if stage != SOURCE_MODEL)
            self._end(run.key, seconds)
            self._use(seconds, record.environment.threads, record.environment.device)

    def failed(self, run: "Run") -> None:
        """Count a run as failed."""
        with self._lock:
            self._failed += 1
            self._end(run.key)

    def counts(self) -> dict[str, int]:
        """Return how many runs there are, are done, failed and wait, and jobs at work.

        Those at work may be trainings of source models, which are no runs.
        """
        with self._lock:
            total = max(self._expected, self._planned)
            runs = sum(work.job.model is None for work in self._at_work.values())
            return {
                "total": total,
                "done": self._done,
                "failed": self._failed,
                "at_work": len(self._at_work),
                "waiting": total - self._done - self._failed - runs,
            }

    def seconds_left(self) -> float | None:
        """Return how long the rest takes; None before any job has progressed."""
        with self._lock:
            if 0 < self._planned == self._done + self._failed >= self._expected:
                return 0.0
            unplanned = max(0, self._expected - self._planned) / max(1, self._planned)
            return self._left.seconds(self._clock(), unplanned)

    def snapshot(self) -> dict[str, Any]:
        """Return the current state as JSON; docs/progress.md defines the fields."""
        with self._lock:
            left = self.seconds_left()
            return {
                "began": self._began.isoformat(timespec="seconds"),
                "updated": self._now().isoformat(timespec="milliseconds"),
                "runs": self.counts(),
                "repeated": self._repeated,
                "seconds": round(self._clock() - self._start, 1),
                "seconds_left": None if left is None else round(left, 1),
                "core_hours": round(self._used["core"] / 3600, 6),
                "gpu_hours": round(self._used["gpu"] / 3600, 6),
                "longest_at_work": [
                    self._of_job(work) for work in islice(self._at_work.values(), SHOWN)
                ],
            }

    def _of_job(self, work: _AtWork) -> dict[str, Any]:
        return {
            "job": work.job.label,
            "key": work.job.key,
            "seconds": round(self._clock() - work.began, 1),
            "epochs": None if work.total is None else [work.done, work.total],
        }

    def _use(self, seconds: float, threads: int, device: str) -> None:
        if device == "cpu":
            self._used["core"] += seconds * threads
        else:
            self._used["gpu"] += seconds

    def _end(self, key: str, computed: float | None = None) -> None:
        self._at_work.pop(key, None)
        self._left.end(key, self._clock(), computed)
