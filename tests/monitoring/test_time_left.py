"""The time left that is shown, against what the rest then takes.

The driver hands out recorded runs to simulated workers, by a simulated clock: each run takes the
seconds of fit and predict that were recorded, and an overhead.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from xlser.executors import MOMENT, Began, Crew, Ended, Epoch, Events, JobEvent
from xlser.executors.driver import _Driver
from xlser.methods import get_method
from xlser.methods.vocabulary import SOURCE_MODEL
from xlser.monitoring.costs import Costs
from xlser.monitoring.progress import Progress
from xlser.monitoring.time_left import TimeLeft
from xlser.records import Record
from xlser.records.store import read_records
from xlser.runs import Job, Run

ROOT = Path(__file__).parents[2]
OVERHEAD = 0.04  # seconds of a run beside fit and predict, as measured on the demo
MODEL = {"v1": 4.0, "demo": 0.08}  # about the seconds of training a source model


@dataclass
class Time:
    """A clock that is set, in seconds."""

    now: float = 0.0


class Workers(Crew):
    """Simulated workers: a job takes as long as it is recorded to have taken."""

    def __init__(self, count: int, takes: dict[str, float], time: Time, epoch: Epoch) -> None:
        self._count = count
        self._time = time
        self._epoch = epoch
        self._takes = takes
        self._began: list[str] = []
        self._jobs: dict[str, Job] = {}
        self._ends: list[tuple[float, str]] = []  # of running jobs: a heap of (time, key)

    def room(self) -> int:
        return self._count - len(self._ends)

    def take(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._jobs[job.key] = job
            self._began.append(job.key)
            heappush(self._ends, (self._time.now + self._takes[job.key] + OVERHEAD, job.key))

    def wait(self) -> Iterator[JobEvent]:
        yield from map(Began, self._began)
        self._began.clear()
        self._time.now, key = heappop(self._ends)
        for end, running in self._ends:
            took = self._takes[running]
            done = took - (end - self._time.now)
            if done > MOMENT:  # as seldom as workers report
                self._epoch(running, round(100 * done / took), 100)
        took, where = self._takes[key], SimpleNamespace(threads=1, device="cpu")
        record = Record.model_construct(seconds={"fit": took}, environment=where)
        yield Ended(key, took if self._jobs[key].model else record)

    def close(self) -> None:
        self._ends.clear()


class Driver(_Driver):
    """The driver, but that nothing is written."""

    def _finish(self, run: Run, record: Record) -> None:
        self._events.finished(run, record)


class Recorded(NamedTuple):
    """A recorded run.

    Attributes:
        method: name.
        seconds: of fit and predict.
        model: name of the source model that it starts from; "" if it starts from none.
    """

    method: str
    seconds: float
    model: str


def of_v1() -> list[Recorded]:
    """The committed runs of `v1` with one backbone, of one machine."""
    runs = []
    for _, record in read_records(ROOT / "leaderboards/v1/results"):
        if (record.track, record.backbone.name) == ("frozen", "audiontt-512"):
            stages = dict(record.seconds)
            model = f"model {record.seed}" if stages.pop(SOURCE_MODEL, None) else ""
            runs.append(Recorded(record.method.name, sum(stages.values()), model))
    return runs


def of_the_demo() -> list[Recorded]:
    """All runs of the demo, as one `xlser run` recorded them on two busy cores."""
    recorded = json.loads(Path(__file__).with_name("demo_seconds.json").read_bytes())
    models = {name: get_method(name)().starts_from_source_model() for name in recorded}
    return [
        Recorded(name, seconds, "model" if models[name] else "")
        for name, took in recorded.items()
        for seconds in took
    ]


def jobs_of(runs: Sequence[Recorded], protocol: str) -> tuple[list[Job], dict[str, float]]:
    """The jobs of runs, source models first; the seconds of each, by its key."""
    models: dict[str, Job] = {}
    jobs, takes = [], {}
    for place, recorded in enumerate(runs):
        run: Any = SimpleNamespace(
            key=str(place),
            method=SimpleNamespace(name=recorded.method),
            track="frozen",
            precision="fp32",
            scenario=SimpleNamespace(protocol=protocol),
            identity={"backbone": ["audiontt-512", ""]},
        )
        if name := recorded.model:
            models.setdefault(name, Job(name, name, run, model=Path(name)))
            takes[name] = MODEL[protocol]
        jobs.append(Job(run.key, "", run, recorded.model or None))
        takes[run.key] = recorded.seconds
    return [*models.values(), *jobs], takes


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("protocol", ["v1", "demo"])
def test_the_time_left_is_within_a_factor_of_two_from_a_tenth_on_without_own_records(
    protocol: str, workers: int
) -> None:
    jobs, takes = jobs_of(of_v1() if protocol == "v1" else of_the_demo(), protocol)
    costs, time = Costs(), Time()
    progress = Progress(seconds=costs.seconds, clock=lambda: time.now)
    crew = Workers(workers, takes, time, progress.epoch)
    shown: list[tuple[float, float]] = []

    def look() -> None:
        left = progress.seconds_left()
        assert left is not None
        shown.append((time.now, left))

    def trained(job: Job, took: float) -> None:
        progress.trained(job, took)
        look()

    def finished(run: Run, record: Record) -> None:
        progress.finished(run, record)
        look()

    shared: Any = SimpleNamespace(threads=1, device=SimpleNamespace(type="cpu"))
    progress.planned(jobs, shared)
    events = Events(started=progress.started, trained=trained, finished=finished)
    Driver(jobs, shared, events, costs.seconds).carry_out(crew)
    assert len(shown) == len(jobs)
    assert shown[-1] == (time.now, 0.0)
    for share in (0.1, 0.5, 0.9):
        now, left = next(each for each in shown if each[0] >= share * time.now)
        print(protocol, workers, f"{share:.0%}: {left:.1f} s shown, {time.now - now:.1f} s left")
        assert 0.5 < left / (time.now - now) < 2.0


def test_the_longest_job_bounds_the_time_left_however_many_workers_there_are() -> None:
    left = TimeLeft()
    for place in range(8):
        left.add(f"short {place}", "short", 1.0)
        left.begin(f"short {place}", 0.0)
    left.add("long", "long", 50.0)
    for place in range(8):
        left.end(f"short {place}", 2.0, computed=2.0)
    assert left.seconds(2.0) == pytest.approx(100.0)
    left.begin("long", 2.0)
    assert left.seconds(22.0) == pytest.approx(80.0)
    left.note("long", 0.5)
    assert left.seconds(22.0) == pytest.approx(20.0)  # half of it took 20 s


def test_workers_at_their_first_job_count_although_none_of_theirs_has_ended() -> None:
    left = TimeLeft()
    for place in range(200):
        left.add(f"{place}", "run", 1.0)
    for place in range(100):
        left.begin(f"{place}", 0.0)
    assert left.seconds(50.0) is None  # nobody knows yet how long a job takes
    left.end("0", 60.0, computed=60.0)
    assert left.seconds(60.0) == pytest.approx(60.0)


def test_what_runs_take_beside_computing_is_added_to_each() -> None:
    left = TimeLeft()
    for kind in ("long", "short"):
        for place in range(10):
            left.add(f"{kind} {place}", kind, 10.0 if kind == "long" else 0.0)
    for place in range(10):
        left.begin(f"long {place}", 11.0 * place)
        left.end(f"long {place}", 11.0 * (place + 1), computed=10.0)
    assert left.seconds(110.0) == pytest.approx(10.0)
