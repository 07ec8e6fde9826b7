import multiprocessing.spawn
import os
import signal
import time
from pathlib import Path

import pytest
from tests.cli.commands import start, xlser
from tests.cli.warm import Command
from tests.demo import Demo, lasting, request
from tests.packages import FAULTY, install

from xlser.errors import WorkerError
from xlser.executors import Events, Local
from xlser.records import Record


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(FAULTY, tmp_path_factory.mktemp("site"))


def records(results: Path) -> dict[str, Record]:
    return {path.name: Record.read(path) for path in sorted(results.rglob("*.json"))}


def test_runs_side_by_side_leave_the_records_of_runs_one_by_one(
    demo_cache: Path, tmp_path: Path
) -> None:
    asked = request(["sft", "svm", "mean-teacher", "lower-bound"], ["german", "french"])
    told: list[str] = []
    events = Events(
        started=lambda job: told.append(f"started {job.label}"),
        trained=lambda job, seconds: told.append(f"trained {job.label}"),
        finished=lambda run, record: told.append(f"finished {run.label}"),
    )
    one_by_one = Demo(tmp_path / "cache").run(asked, tmp_path / "one by one")
    outcome = Demo(tmp_path / "another cache").run(
        asked, tmp_path / "side by side", events, Local(jobs=2)
    )
    assert not one_by_one.failures
    assert not outcome.failures
    expected, made = records(tmp_path / "one by one"), records(tmp_path / "side by side")
    assert {n: lasting(r) for n, r in made.items()} == {n: lasting(r) for n, r in expected.items()}
    assert sorted(r.key for r in outcome.records) == sorted(r.key for r in expected.values())
    runs = [f"{r.target} {r.method.name} k={r.labels} s={r.seed}" for r in expected.values()]
    expected_told = [f"{what} {run}" for run in runs for what in ("started", "finished")]
    assert sorted(told) == sorted(
        [*expected_told, "started source model s=0", "trained source model s=0"]
    )
    # Runs that wait for the source model are given the one that was trained.
    took = {r.seconds["source model"] for r in made.values() if "source model" in r.seconds}
    assert len(took) == 1


def test_a_method_that_ends_its_process_is_a_failed_run_and_the_others_go_on(
    site: Path, tmp_path: Path, demo_cache: Path
) -> None:
    deadly = {"crashes-in-fit": "by SIGSEGV", "ends-its-process": "with exit code 7"}
    asked = ["run", *deadly, "raises-in-fit", "uniform", "--target", "german", "--jobs", "2"]
    asked += ["--seeds", "0"]
    done = xlser(*asked, folder=tmp_path, PYTHONPATH=str(site), XLSER_CACHE=str(demo_cache))
    assert done.returncode == 1
    assert "3 of 4 runs failed" in done.stderr
    assert done.stderr.count("it is begun again") == 4
    lines = [line for line in done.stderr.splitlines() if "FAILED" in line]
    for name, how in deadly.items():
        (line,) = [line for line in lines if f" {name} k=0 s=" in line]
        method = f"The method {name!r} of package faulty-methods 0.3.0"
        assert f"{method} came to no end in 3 attempts: its process ended {how}." in line
    assert sum("RuntimeError: no luck" in line for line in lines) == 1
    assert len(records(tmp_path / "leaderboards/demo/results")) == 1


def two_asleep(site: Path, folder: Path, cache: Path) -> tuple[Command, list[int]]:
    """A command whose two workers are busy for long; the numbers of their processes."""
    asked = ["run", "sleeps-in-fit", "--target", "german", "--jobs", "2"]
    process = start(*asked, folder=folder, PYTHONPATH=str(site), XLSER_CACHE=str(cache))
    assert process.stderr  # what a method prints goes there
    said = (line for line in process.stderr if line.startswith("asleep in"))
    return process, [int(next(said).split()[-1]) for _ in range(2)]


def gone(process: int, within: float = 30.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_workers_do_not_outlive_a_parent_that_is_killed(
    site: Path, tmp_path: Path, demo_cache: Path
) -> None:
    process, workers = two_asleep(site, tmp_path, demo_cache)
    process.kill()
    assert all(gone(worker) for worker in workers)
    process.communicate(timeout=60)


def test_an_interrupt_ends_the_workers_without_a_word_of_theirs(
    site: Path, tmp_path: Path, demo_cache: Path
) -> None:
    process, workers = two_asleep(site, tmp_path, demo_cache)
    for each in (*workers, process.pid):  # a terminal sends it to all of them
        os.kill(each, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "same command goes on" in said
    assert "Traceback" not in said
    assert all(gone(worker) for worker in workers)


def test_workers_that_do_not_start_are_an_error(
    demo_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiprocessing.spawn, "_python_exe", b"/bin/false")
    with pytest.raises(WorkerError, match="with exit code 1 before its first run") as caught:
        Demo(demo_cache).run(request(["svm"], seeds=[0, 1]), tmp_path, executor=Local(jobs=2))
    assert "--jobs 1" in caught.value.remedy
