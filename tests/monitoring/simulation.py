"""How long thousands of runs take on many workers: the real driver, and a crew that is made up.

Time is made up as well: nothing sleeps. Runs last as long as they did once, times a drawn factor
that the driver does not know of. Some wait for source models. Workers may die at a drawn moment of
a job, and are replaced.

`python -m tests.monitoring.simulation` prints the table of docs/plan.md and draws its picture.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Canvas
from tabulate import tabulate

from xlser.executors import Began, Crew, Ended, Events, Lost, Word
from xlser.executors.driver import _Driver
from xlser.leaderboards.figures.canvas import picture_files
from xlser.methods import Method, get_method
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.runs import Failure, Job, Run

PICTURE = Path(__file__).parents[2] / "docs" / "makespan.svg"

WORKERS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

SOURCE_MODEL = {"frozen": 3.8, "finetune": 900.0}
"""Seconds of the training of a source model, by track."""

FROZEN = {
    "adamatch": 12.2,
    "aggregated-multitask": 6.6,
    "cada": 11.7,
    "cdan": 17.8,
    "dan": 10.5,
    "dann": 12.3,
    "deep-coral": 9.5,
    "fixmatch": 9.5,
    "flexmatch": 10.1,
    "fluda": 17.9,
    "freematch": 10.9,
    "gan-adaptation": 89.9,
    "hard-pseudo-labels": 10.8,
    "language-dann": 14.1,
    "logistic-regression": 0.53,
    "lower-bound": 0.03,
    "mcc": 6.8,
    "mean-teacher": 9.1,
    "mixmatch": 10.0,
    "nnpm": 13.4,
    "sft": 3.8,
    "soft-pseudo-labels": 6.0,
    "softmatch": 6.7,
    "svm": 1.2,
    "target-only": 0.99,
    "triple-attentive-asymmetric": 11.8,
    "upper-bound": 4.7,
}
"""Seconds of a run on the frozen track, as measured on v1 on 2026-11-23: newer figures, which
`costs.json` has, are not to change what is simulated."""

FINE_TUNED = 900.0
"""Seconds of a run on the fine-tune track: one stage, a quarter of an hour."""

SPREAD = 0.4
"""Standard deviation of the logarithm of the drawn factors."""

LATENCY = 0.1
"""Seconds that a worker loses with each job: the most that an executor may add."""

AT_HOME = 0.004
"""Seconds that the driver is busy with each job, as measured: it writes a record."""

RESTART = 10.0
"""Seconds until a worker that died is replaced."""

DEADLY = 0.02
"""Share of jobs that take their worker along, where workers die."""

_RECORD = Record.model_construct()  # of any run

Duration = Callable[[Job], float]


def thought(job: Job) -> float:
    """How long a job takes as far as the driver knows."""
    track, run = job.run.track, job.run
    if job.model:
        return SOURCE_MODEL[track]
    tuned = track == "finetune" and run.method.name != "lower-bound"
    return FINE_TUNED if tuned else FROZEN[run.method.name]


@cache
def grid(track: str, repeats: int = 3) -> Sequence[Job]:
    """All cells of v1, with repeats, and the source models they need."""
    protocol = get_protocol("v1")
    methods = [method for method in map(_method, FROZEN) if track in method.tracks]
    runs: dict[str, Any] = {m.name: SimpleNamespace(track=track, method=m) for m in methods}
    of_a_seed = [f"{seed}-{r}" for seed, r in product(protocol.seeds, range(repeats))]
    of_any = runs["sft"]
    jobs = [Job(f"model {s}", "source model", of_any, model=Path(s)) for s in of_a_seed]
    for target, s, method in product(protocol.targets, of_a_seed, methods):
        few = method.target_labels == "few"
        for labels in protocol.budgets if few else (0,):
            if not few or labels >= method.least_labels:
                key = f"{target} {method.name} {labels} {s}"
                needs = f"model {s}" if method.starts_from_source_model() else None
                jobs.append(Job(key, key, runs[method.name], needs))
    return jobs


def _method(name: str) -> Method:
    return get_method(name)()


def drawn(jobs: Sequence[Job]) -> dict[str, float]:
    """How long each job really takes, by its key; as long as thought on average."""
    rng = np.random.default_rng(0)
    factors = rng.lognormal(-(SPREAD**2) / 2, SPREAD, len(jobs))
    return {job.key: thought(job) * factor for job, factor in zip(jobs, factors, strict=True)}


class MadeUpCrew(Crew):
    """Workers of which each job takes a known time, on a clock of its own."""

    def __init__(
        self,
        workers: int,
        lasts: Mapping[str, float],
        deadly: float = 0.0,
        latency: float = LATENCY,
        at_home: float = AT_HOME,
    ) -> None:
        self.now = 0.0
        self.most_at_once = 0
        self._free = workers
        self._lasts = lasts
        self._deadly = deadly
        self._latency = latency
        self._at_home = at_home
        self._rng = np.random.default_rng(1)
        self._to_come: list[tuple[float, int, Word | None]] = []  # None: a worker is there again
        self._given = 0
        self._began: list[Word] = []

    def room(self) -> int:
        return self._free

    def take(self, jobs: Sequence[Job]) -> None:
        assert len(jobs) <= self._free
        for job in jobs:
            self._free -= 1
            self._began.append(Began(job.key))
            lasts = self._latency + self._lasts[job.key]
            if self._rng.random() < self._deadly:
                dies = self.now + lasts * self._rng.random()
                self._add(dies, Lost(job.key, "made up"))
                self._add(dies + RESTART, None)
            else:
                self._add(self.now + lasts, Ended(job.key, 1.0 if job.model else _RECORD))
                self._add(self.now + lasts, None)

    def wait(self) -> Iterator[Word]:
        yield from self._began
        self._began.clear()
        if not self._to_come:
            return
        self.now = max(self.now, self._to_come[0][0])
        while self._to_come and self._to_come[0][0] <= self.now:
            word = heappop(self._to_come)[2]
            if word is None:
                self._free += 1
            else:
                self.now += self._at_home
                yield word

    def close(self) -> None:
        self._to_come.clear()

    def _add(self, when: float, word: Word | None) -> None:
        self._given += 1
        heappush(self._to_come, (when, self._given, word))


class Driver(_Driver):
    """The driver, but that nothing is written."""

    def _finish(self, run: Run, record: Record) -> None:
        self.outcome.finished += 1

    def _fail(self, run: Run, failure: Failure) -> None:
        self.outcome.failures.append((run, failure.trace))


@dataclass(frozen=True)
class Simulated:
    """How a grid went.

    Attributes:
        seconds: from the first job to the last end.
        ideal: that nothing can beat: all work shared out, or the longest path.
        bound: which of the two.
        finished: runs.
        failed: runs.
        driving: real seconds that the driver took for it.
    """

    seconds: float
    ideal: float
    bound: str
    finished: int
    failed: int
    driving: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.ideal


def simulate(
    jobs: Sequence[Job], lasts: Mapping[str, float], crew: MadeUpCrew, seconds: Duration = thought
) -> Simulated:
    """Let the driver carry out jobs that last so long, and that it thinks to last `seconds`."""
    shared: Any = None  # is of those who write
    workers = crew.room()
    began = time.perf_counter()
    driver = Driver(jobs, shared, Events(), seconds)
    driver.carry_out(crew)
    driving = time.perf_counter() - began
    shared_out = sum(lasts.values()) / workers
    longest = max(lasts[job.key] + (lasts[job.needs] if job.needs else 0.0) for job in jobs)
    bound = "all work" if shared_out > longest else "longest path"
    outcome = driver.outcome
    finished, failed = outcome.finished, len(outcome.failures)
    return Simulated(crew.now, max(shared_out, longest), bound, finished, failed, driving)


Table = dict[tuple[str, int], tuple[Simulated, Simulated]]


def table() -> Table:
    """How each grid goes on so many workers: with workers that live, and with some that die."""
    found = {}
    for track in ("frozen", "finetune"):
        jobs = grid(track)
        lasts = drawn(jobs)
        for workers in WORKERS:
            living, dying = (
                simulate(jobs, lasts, MadeUpCrew(workers, lasts, deadly))
                for deadly in (0.0, DEADLY)
            )
            found[track, workers] = living, dying
    return found


def draw(found: Table) -> bytes:
    """Draw makespans against workers; return an SVG file."""

    def panels(canvas: Canvas) -> None:
        for axes, track in zip(canvas.subplots(1, 2), ("frozen", "finetune"), strict=True):
            rows = [found[track, workers] for workers in WORKERS]
            hours = [[r.seconds / 3600 for r in row] for row in rows]
            ideal = [row[0].ideal / 3600 for row in rows]
            axes.loglog(WORKERS, ideal, color="#202020", label="ideal")
            axes.loglog(WORKERS, [h[0] for h in hours], "o", color="#0072B2", label="simulated")
            label = f"workers die in {DEADLY:.0%} of jobs"
            axes.loglog(WORKERS, [h[1] for h in hours], "x", color="#D55E00", label=label)
            runs = sum(job.model is None for job in grid(track))
            axes.set(title=f"{track} track, {runs} runs", xlabel="workers", ylabel="hours")
            axes.legend()

    return picture_files(panels, "Wall time of v1, simulated", height=3.4)["svg"]


def rows(found: Table) -> str:
    """A row a grid and number of workers, as docs/plan.md shows them."""
    shown = [
        {
            "track": track,
            "workers": workers,
            "ideal, h": living.ideal / 3600,
            "bound by": living.bound,
            "over ideal": living.ratio,
            "where workers die": dying.ratio,
        }
        for (track, workers), (living, dying) in found.items()
    ]
    text: str = tabulate(shown, "keys", "pipe", floatfmt=("", "", ".2f", "", ".2f", ".2f"))
    return text


def main() -> None:
    """Print the table and what the driver took, and draw the picture."""
    found = table()
    print(rows(found))
    print(f"The driver took at most {max(s.driving for row in found.values() for s in row):.2f} s.")
    PICTURE.write_bytes(draw(found))


if __name__ == "__main__":
    main()
