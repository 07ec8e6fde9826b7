"""What a method that cheats can get at: in the process of the suite, and isolated from it."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.commands import xlser
from tests.packages import install

from xlser.records import Record

CHEATING = Path(__file__).parents[1] / "plugins" / "cheating-methods"
Cheat = Callable[..., tuple[set[str], dict[str, Record]]]

BY_TASK = {"reads-names", "reads-paths", "reads-order", "reads-globals"}
"""What looks in the task, and in what lies about: there is nothing."""

BY_ORDER = {"reads-published-names", "reads-frames", "reads-garbage"}
"""What gets the protocol's scenario, and answers in its order: the run fails."""

BY_PROCESS = {"reads-frames", "reads-garbage", "reads-environment"}
"""What finds something because it shares the suite's process."""

BY_SYSTEM = {"reads-parent", "reads-disk"}
"""What finds something because it shares the system with the suite."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(CHEATING, tmp_path_factory.mktemp("cheating"))


@pytest.fixture(scope="module")
def cheat(site: Path, demo_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Cheat:
    """Runs methods; returns which found something, and the records by method."""

    def run(*methods: str, isolate: bool) -> tuple[set[str], dict[str, Record]]:
        folder = tmp_path_factory.mktemp("cheat")
        cell = ["--target", "german", "--seeds", "0", "--labels", "20", "--jobs", "1"]
        how = ["--isolate" if isolate else "--no-isolate"]
        if "reads-disk" in methods:
            how += ["--set", f"cache={demo_cache}"]
        surroundings = {"PYTHONPATH": str(site), "XLSER_CACHE": str(demo_cache)}
        done: subprocess.CompletedProcess[str] = xlser(
            "run", *methods, *cell, *how, folder=folder, **surroundings
        )
        told = [line.split(": ") for line in done.stderr.splitlines() if ": found" in line]
        assert {name for name, _ in told} == {*methods}, done.stderr
        paths = (folder / "leaderboards" / "demo" / "results").rglob("*.json")
        records = [Record.read(path) for path in paths]
        found = {name for name, what in told if what == "found"}
        return found, {record.method.name: record for record in records}

    return run


@pytest.fixture(scope="module")
def together(cheat: Cheat) -> tuple[set[str], dict[str, Record]]:
    """All of them in the process of the suite."""
    return cheat(*sorted(BY_TASK | BY_ORDER | BY_PROCESS | BY_SYSTEM), isolate=False)


@pytest.fixture(scope="module")
def apart(cheat: Cheat) -> tuple[set[str], dict[str, Record]]:
    """Each in a process of its own."""
    return cheat(*sorted(BY_TASK | BY_ORDER | BY_PROCESS | BY_SYSTEM), isolate=True)


def test_nothing_is_found_in_the_task_or_lying_about(
    together: tuple[set[str], dict[str, Record]],
) -> None:
    found, _ = together
    assert not found & BY_TASK


@pytest.mark.parametrize("name", sorted(BY_ORDER | {"reads-order"}))
def test_who_answers_by_the_order_leaves_no_record(
    together: tuple[set[str], dict[str, Record]], name: str
) -> None:
    """The scenario can be had in the process or rebuilt anywhere: asked alone, it is of no use."""
    found, records = together
    assert (name in found) == (name != "reads-order")
    assert name not in records


def test_in_the_suites_process_more_can_be_had(
    together: tuple[set[str], dict[str, Record]],
) -> None:
    found, records = together
    assert found >= BY_PROCESS | {"reads-disk"}
    assert {"reads-disk", "reads-environment"} <= records.keys()


def test_isolated_it_finds_public_names_alone(
    apart: tuple[set[str], dict[str, Record]],
) -> None:
    found, records = apart
    assert found == {"reads-published-names"}
    assert "reads-published-names" not in records
