from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.costs import grows_linearly
from tests.monitoring.simulation import (
    PICTURE,
    MadeUpCrew,
    Simulated,
    Table,
    draw,
    drawn,
    grid,
    rows,
    simulate,
    table,
    thought,
)

from xlser.monitoring.forecast import makespan
from xlser.runs import Job


@pytest.fixture(scope="module")
def found() -> Table:
    return table()


def test_the_page_shows_what_is_simulated(found: Table) -> None:
    assert rows(found) in PICTURE.with_name("plan.md").read_text(encoding="utf-8")
    assert draw(found) == PICTURE.read_bytes()


def test_frozen_runs_take_hardly_longer_than_the_ideal(found: Table) -> None:
    of_frozen = {workers: both for (track, workers), both in found.items() if track == "frozen"}
    assert all(living.ratio < 1.06 for living, _ in of_frozen.values())
    assert all(dying.ratio < 1.1 for _, dying in of_frozen.values())
    bounds = [living.bound for living, _ in of_frozen.values()]
    assert bounds == sorted(bounds)  # "all work" until "longest path"
    assert set(bounds) == {"all work", "longest path"}


def test_fine_tuning_is_near_the_ideal_until_workers_wait_for_source_models(found: Table) -> None:
    for (track, workers), (living, dying) in found.items():
        if track == "finetune":
            assert living.ratio <= dying.ratio < (1.1 if workers <= 100 else 1.6)


def test_every_run_ends_once_whatever_becomes_of_workers(found: Table) -> None:
    for track in ("frozen", "finetune"):
        count = sum(job.model is None for job in grid(track))
        ended = [each for (t, _), both in found.items() if t == track for each in both]
        assert {each.finished + each.failed for each in ended} == {count}
        assert all(each.failed < 0.001 * count for each in ended)


def as_they_come(job: Job) -> float:
    return 0.0


def test_the_longest_first_end_sooner_than_runs_as_they_come() -> None:
    jobs = grid("frozen", repeats=1)
    lasts = drawn(jobs)

    def ratio(seconds: Callable[[Job], float]) -> float:
        return simulate(jobs, lasts, MadeUpCrew(50, lasts), seconds).ratio

    assert ratio(thought) < 1.1
    assert ratio(as_they_come) > ratio(thought) + 0.1


@pytest.mark.parametrize("workers", [1, 7, 100, 1000])
def test_a_plan_tells_the_wall_time_that_the_driver_needs(workers: int) -> None:
    jobs = grid("finetune", repeats=1)
    lasts = {job.key: thought(job) for job in jobs}
    crew = MadeUpCrew(workers, lasts, latency=0.0, at_home=0.0)
    simulated = simulate(jobs, lasts, crew)
    assert makespan(jobs, thought, workers) == pytest.approx(simulated.seconds)


def test_what_the_driver_does_grows_with_the_jobs() -> None:
    run: Any = SimpleNamespace()

    def carried_out(size: int) -> Callable[[], Simulated]:
        names = [f"{place}" for place in range(20 * size)]
        jobs = [Job("model", "model", run, model=Path("model"))]
        jobs += [Job(name, name, run, "model") for name in names]
        lasts = {job.key: 1.0 for job in jobs}
        crew = MadeUpCrew(1000, lasts)
        return lambda: simulate(jobs, lasts, crew, lambda job: 1.0)

    assert grows_linearly(carried_out)
