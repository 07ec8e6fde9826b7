"""What a method that cheats can get at: in the process of the suite, and isolated from it."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.commands import xlser
from tests.demo import lasting
from tests.packages import install

from xlser.records import Record

CHEATING = Path(__file__).parents[1] / "plugins" / "cheating-methods"
Cheat = Callable[..., tuple[set[str], dict[str, Record]]]

BY_TASK = {"reads-names", "reads-paths", "reads-order", "reads-globals"}
"""What looks in the task, and in what lies about: there is nothing."""

BY_ORDER = {"reads-published-names", "reads-frames", "reads-garbage"}
"""What gets the protocol's scenario, and with it the emotions in the protocol's order."""

BY_PROCESS = {"reads-frames", "reads-garbage", "reads-environment"}
"""What finds something because it shares the suite's process."""

BY_SYSTEM = {"reads-parent", "reads-disk"}
"""What finds something because it shares the system with the suite: isolated as well."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(CHEATING, tmp_path_factory.mktemp("cheating"))


@pytest.fixture(scope="module")
def cheat(site: Path, demo_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Cheat:
    """Runs methods; returns which found something, and the records by method."""

    def run(*methods: str, isolate: bool) -> tuple[set[str], dict[str, Record]]:
        folder = tmp_path_factory.mktemp("cheat")
        cell = ["--target", "german", "--seeds", "0", "--labels", "20", "--jobs", "1"]
        how = ["--isolate"] if isolate else []
        if "reads-disk" in methods:
            how += ["--set", f"cache={demo_cache}"]
        surroundings = {"PYTHONPATH": str(site), "XLSER_CACHE": str(demo_cache)}
        done: subprocess.CompletedProcess[str] = xlser(
            "run", *methods, *cell, *how, folder=folder, **surroundings
        )
        assert done.returncode == 0, done.stderr
        told = [line.split(": ") for line in done.stderr.splitlines() if ": found" in line]
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


def test_the_order_of_utterances_tells_nothing(
    together: tuple[set[str], dict[str, Record]],
) -> None:
    _, records = together
    ua = records["reads-order"].scores["target"].ua
    assert abs(ua - 0.2) < 0.15  # 50 utterances at chance: a standard deviation of 0.06


@pytest.mark.parametrize("name", sorted(BY_ORDER))
def test_emotions_in_the_protocols_order_are_of_no_use(
    together: tuple[set[str], dict[str, Record]], name: str
) -> None:
    """The scenario can be had in the process or rebuilt anywhere: it does not fit what is asked."""
    found, records = together
    assert name in found
    assert abs(records[name].scores["target"].ua - 0.2) < 0.2


def test_in_the_suites_process_more_can_be_had(
    together: tuple[set[str], dict[str, Record]],
) -> None:
    found, _ = together
    assert found >= BY_PROCESS | {"reads-disk"}


def test_isolated_it_finds_neither_objects_nor_places_of_the_suite(
    apart: tuple[set[str], dict[str, Record]],
) -> None:
    found, _ = apart
    assert not found & (BY_TASK | BY_PROCESS)


def test_isolation_does_not_hide_the_system(apart: tuple[set[str], dict[str, Record]]) -> None:
    """What `docs/trust.md` says it does not: files, the parent's start, public names."""
    found, records = apart
    assert found == BY_SYSTEM | {"reads-published-names"}
    assert abs(records["reads-published-names"].scores["target"].ua - 0.2) < 0.2


def test_isolated_methods_leave_the_same_records(cheat: Cheat) -> None:
    methods = ("sft", "svm", "fixmatch", "lower-bound")
    _, together = cheat(*methods, isolate=False)
    _, apart = cheat(*methods, isolate=True)
    assert together.keys() == apart.keys() == set(methods)
    for name, record in apart.items():
        assert record.isolated
        assert not together[name].isolated
        assert lasting(record) | {"isolated": False} == lasting(together[name])
