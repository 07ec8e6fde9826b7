"""How far a plan is, in figures, by a clock that the test sets."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from xlser.monitoring.progress import SHOWN, Progress
from xlser.runs import Job

START = datetime(2030, 1, 1, tzinfo=UTC)
MODEL = "source model s=0"


class Watched:
    """A progress, and a clock; jobs are named by a letter each, and cost what a test says."""

    def __init__(self, costs: dict[str, float], expected: int = 0, device: str = "cpu") -> None:
        self.seconds = 0.0
        self.progress = Progress(
            expected,
            seconds=lambda job: costs[job.label],
            clock=lambda: self.seconds,
            now=lambda: START + timedelta(seconds=self.seconds),
        )
        self.jobs = {label: self._job(label) for label in costs}
        shared: Any = SimpleNamespace(threads=4, device=SimpleNamespace(type=device))
        self.progress.planned(list(self.jobs.values()), shared)

    def _job(self, label: str) -> Job:
        method = SimpleNamespace(name=label.partition(" ")[0])
        run: Any = SimpleNamespace(
            key=f"key of {label}", label=label, track="finetune", method=method
        )
        model = Path("model") if label == MODEL else None
        return Job(run.key, label, run, model=model)

    def start(self, *labels: str) -> None:
        for label in labels:
            self.progress.started(self.jobs[label])

    def finish(self, label: str, fit: float, threads: int = 1, device: str = "cpu") -> None:
        record: Any = SimpleNamespace(
            seconds={"source model": 1000.0, "fit": fit, "predict": 1.0},
            environment=SimpleNamespace(threads=threads, device=device),
        )
        self.progress.finished(self.jobs[label].run, record)

    def counts(self) -> tuple[int, ...]:
        counts = self.progress.counts()
        return tuple(counts[n] for n in ("done", "failed", "at_work", "waiting"))


def test_each_run_is_in_one_place_whatever_becomes_of_it() -> None:
    watched = Watched(dict.fromkeys([MODEL, "a", "b", "c", "d"], 1.0))
    assert watched.counts() == (0, 0, 0, 4)
    watched.start(MODEL, "a", "b")
    assert watched.counts() == (0, 0, 3, 2)  # the source model is no run
    watched.progress.trained(watched.jobs[MODEL], 10.0)
    watched.finish("a", 1.0)
    watched.progress.repeated(watched.jobs["b"])
    assert watched.counts() == (1, 0, 0, 3)
    watched.start("b")
    watched.progress.failed(watched.jobs["b"].run)
    watched.progress.failed(watched.jobs["c"].run)  # with its source model: it never began
    watched.start("d")
    watched.finish("d", 1.0)
    assert watched.counts() == (2, 2, 0, 0)
    assert watched.progress.seconds_left() == 0.0
    assert watched.progress.snapshot()["repeated"] == 1


def test_the_time_left_follows_from_what_jobs_cost_not_from_how_many_there_are() -> None:
    watched = Watched({"cheap": 1.0, "dear": 9.0, "dearer": 10.0})
    watched.seconds = 30.0  # until there is a worker
    assert watched.progress.seconds_left() is None
    watched.start("cheap")
    watched.seconds = 32.0
    watched.finish("cheap", 1.0)
    assert watched.progress.seconds_left() == pytest.approx(38.0)
    watched.start("dear")
    watched.seconds = 40.0
    watched.progress.epoch("key of dear", 4, 9)  # its share counts while it is at work
    assert watched.progress.seconds_left() == pytest.approx(10.0 * 15 / 5)
    watched.progress.repeated(watched.jobs["dear"])  # and is lost with it
    assert watched.progress.seconds_left() == pytest.approx(10.0 * 19 / 1)
    watched.progress.epoch("key of dear", 5, 9)  # it arrives too late
    assert watched.progress.seconds_left() == pytest.approx(10.0 * 19 / 1)


def test_the_time_left_is_within_a_factor_of_two_after_a_tenth_whatever_was_expected() -> None:
    """Half of the methods are expected to take what they take on a machine ten times slower."""
    takes = {f"{kind} {i}": 1.0 + n for n, kind in enumerate("abcdef") for i in range(20)}
    expected = {label: t * (10 if label[0] in "abc" else 1) for label, t in takes.items()}
    order = sorted(takes, key=lambda label: int(label.split()[1]))  # each method in its turn
    watched, total = Watched(expected), sum(takes.values())
    for ended, label in enumerate(order, start=1):
        watched.start(label)
        watched.seconds += takes[label]
        watched.finish(label, takes[label])
        left, true = watched.progress.seconds_left(), total - watched.seconds
        if ended >= len(order) / 10:
            assert left == pytest.approx(true, rel=0.5)


def test_a_job_that_never_started_is_no_work_done() -> None:
    watched = Watched({"a": 1.0, "b": 1.0, "c": 1.0})
    watched.start("a")
    watched.seconds = 4.0
    watched.finish("a", 3.0)
    watched.progress.failed(watched.jobs["b"].run)
    assert watched.progress.seconds_left() == pytest.approx(4.0)


def test_runs_that_are_yet_to_be_planned_count_as_those_that_are() -> None:
    watched = Watched({"a": 1.0, "b": 3.0}, expected=6)
    watched.start("a")
    watched.seconds = 5.0
    watched.finish("a", 4.0)
    assert watched.counts() == (1, 0, 0, 5)
    assert watched.progress.seconds_left() == pytest.approx(5.0 * (3 + 4 * 2))


def test_the_cost_is_that_of_cores_or_gpus_and_of_a_source_model_once() -> None:
    watched = Watched(dict.fromkeys([MODEL, "a", "b", "c"], 1.0))
    watched.start(*watched.jobs)
    watched.progress.trained(watched.jobs[MODEL], 900.0)
    watched.finish("a", 1799.0, threads=2)
    watched.finish("b", 7199.0, threads=16, device="NVIDIA H100")
    snapshot = watched.progress.snapshot()
    assert snapshot["core_hours"] == pytest.approx(0.25 * 4 + 0.5 * 2)
    assert snapshot["gpu_hours"] == pytest.approx(2.0)

    watched = Watched({MODEL: 1.0, "a": 1.0}, device="cuda")
    watched.start(MODEL)
    watched.progress.trained(watched.jobs[MODEL], 900.0)
    assert watched.progress.snapshot()["gpu_hours"] == pytest.approx(0.25)


def test_a_snapshot_is_json_and_names_those_at_work_longest() -> None:
    labels = [f"run {number}" for number in range(300)]
    watched = Watched(dict.fromkeys(labels, 1.0))
    for second, label in enumerate(labels[:200]):
        watched.seconds = float(second)
        watched.start(label)
    watched.finish("run 0", 1.0)
    watched.progress.epoch("key of run 2", 3, 100)
    snapshot = json.loads(json.dumps(watched.progress.snapshot()))
    assert snapshot["began"] == "2030-01-01T00:00:00+00:00"
    assert snapshot["updated"] == "2030-01-01T00:03:19.000+00:00"
    assert snapshot["seconds"] == 199.0
    assert snapshot["runs"] == {
        "total": 300,
        "done": 1,
        "failed": 0,
        "at_work": 199,
        "waiting": 100,
    }
    assert [job["job"] for job in snapshot["longest_at_work"]] == labels[1 : 1 + SHOWN]
    _, second, *_ = snapshot["longest_at_work"]
    assert second == {
        "job": "run 2",
        "key": "key of run 2",
        "seconds": 197.0,
        "epochs": [3, 100],
    }
