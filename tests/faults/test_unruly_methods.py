"""Methods that do to their process what no method should: the others' results do not change."""

import json
import resource
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from tests.demo import lasting

from xlser.records import Record

Command = Callable[..., CompletedProcess[str]]


def records(folder: Path) -> dict[str, dict[str, Any]]:
    results = folder / "demo" / "results"
    return {path.name: lasting(Record.read(path)) for path in sorted(results.rglob("*.json"))}


def run(command: Command, folder: Path, *methods: str, **environment: str) -> CompletedProcess[str]:
    cell = ["--target", "german", "--seeds", "0", "--labels", "20", "--jobs", "1"]
    place = ["--leaderboards", str(folder)]
    return command("run", *methods, *cell, *place, **environment)


@pytest.fixture(scope="session")
def calm() -> dict[str, dict[str, Any]]:
    return {}


def alone(command: Command, tmp_path: Path, calm: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The record of `sft` where no other method ran before it."""
    if not calm:
        assert run(command, tmp_path / "alone", "sft").returncode == 0
        calm |= records(tmp_path / "alone")
    (record,) = calm.values()
    return record


@pytest.mark.parametrize("unruly_one", ["meddles", "sets-the-clock-back", "forks"])
def test_the_next_run_is_not_touched(
    command: Command, tmp_path: Path, calm: dict[str, dict[str, Any]], unruly_one: str
) -> None:
    expected = alone(command, tmp_path, calm)
    done = run(command, tmp_path / "both", unruly_one, "sft")
    assert done.returncode == 0, done.stderr
    made = records(tmp_path / "both")
    assert len(made) == 2
    assert [record for name, record in made.items() if name.startswith("sft")] == [expected]
    # One command, one answer: no fork of the method's went on and printed its own.
    assert done.stdout.count("# demo") == 1
    assert done.stderr.count("[2/2]") == 1


def test_a_clock_set_back_makes_no_negative_seconds(command: Command, tmp_path: Path) -> None:
    assert run(command, tmp_path, "sets-the-clock-back").returncode == 0
    (path,) = (tmp_path / "demo" / "results").rglob("*.json")
    seconds = Record.read(path).seconds
    assert 0.2 <= seconds["fit"] < 60
    assert seconds["predict"] >= 0


def test_what_a_method_prints_does_not_stand_in_the_answer(
    command: Command, tmp_path: Path
) -> None:
    cell = ["--target", "german", "--seeds", "0", "--json", "--leaderboards", str(tmp_path)]
    done = command("run", "prints", *cell)
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["records"]) == 1
    for words in ("from fit", "from a library", "from a child", "from predict"):
        assert f"a word {words}" in done.stderr


def test_memory_that_is_not_to_be_had_is_a_failed_run_and_the_grid_goes_on(
    command: Command, tmp_path: Path
) -> None:
    done = run(command, tmp_path, "wants-too-much-memory", "svm")
    assert done.returncode == 1
    assert "1 of 2 runs failed" in done.stderr
    assert "allocate" in done.stderr
    assert [r["method"]["name"] for r in records(tmp_path).values()] == ["svm"]


def test_memory_that_runs_out_is_a_failed_run_and_the_grid_goes_on(
    command: Command, tmp_path: Path
) -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (24 << 30, before[1]))  # what is started inherits it
    try:
        done = run(command, tmp_path, "exhausts-memory", "svm")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert done.returncode == 1
    assert "MemoryError" in done.stderr
    assert [r["method"]["name"] for r in records(tmp_path).values()] == ["svm"]


def test_a_loss_that_is_no_number_is_a_failed_run_that_says_so(
    command: Command, tmp_path: Path
) -> None:
    done = run(command, tmp_path, "loses-its-loss", "svm")
    assert done.returncode == 1
    assert "MethodError: The loss was nan in epoch 1" in done.stderr
    assert [r["method"]["name"] for r in records(tmp_path).values()] == ["svm"]
