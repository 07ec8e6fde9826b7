"""Disks that are full or read-only, at the start and in the middle of a run."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CalledProcessError, CompletedProcess
from typing import Any

import pytest
from tests.cli.commands import xlser
from tests.demo import lasting
from tests.faults.conftest import Tmpfs

from xlser.records import Record

Command = Callable[..., CompletedProcess[str]]

GRID = ["run", "svm", "--target", "german", "--jobs", "1"]


def outcome(leaderboards: Path) -> dict[str, dict[str, Any]]:
    results = leaderboards / "demo" / "results"
    return {path.name: lasting(Record.read(path)) for path in sorted(results.rglob("*.json"))}


@pytest.fixture(scope="session")
def calm(
    unruly: Path, demo_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What the grid leaves where nothing goes wrong."""
    folder = tmp_path_factory.mktemp("calm")
    done = xlser(*GRID, folder=folder, PYTHONPATH=str(unruly), XLSER_CACHE=str(demo_cache))
    assert done.returncode == 0, done.stderr
    return outcome(folder / "leaderboards")


def when_the_first_record_lies_in(results: Path, act: Callable[[], None]) -> threading.Thread:
    """Do something as soon as a command has written a record."""

    def watch() -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not list(results.glob("*/results/**/*.json")):
            time.sleep(0.005)
        act()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def fill(folder: Path) -> None:
    """Take all the room that is left."""
    with (folder / "something-else").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 12)):
                pass
        except OSError:
            return


def test_a_disk_that_fills_up_in_mid_run_loses_no_record(
    command: Command, tmpfs: Tmpfs, calm: dict[str, Any]
) -> None:
    again = [*GRID, "--leaderboards", str(tmpfs.folder)]
    filling = when_the_first_record_lies_in(tmpfs.folder, lambda: fill(tmpfs.folder))
    stopped = command(*again)
    filling.join()
    assert stopped.returncode == 2
    assert "No space left on device" in stopped.stderr
    assert "The record is kept at" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    recorded = len(outcome(tmpfs.folder))
    assert 0 < recorded < len(calm)

    (tmpfs.folder / "something-else").unlink()
    done = command(*again)
    assert done.returncode == 0, done.stderr
    assert outcome(tmpfs.folder) == calm
    kept = [line for line in stopped.stderr.splitlines() if "kept at" in line]
    assert not Path(kept[0].partition("kept at ")[2].rstrip(".")).exists()


def test_a_full_disk_is_told_before_anything_runs(command: Command, tmpfs: Tmpfs) -> None:
    fill(tmpfs.folder)
    refused = command(*GRID, "--leaderboards", str(tmpfs.folder))
    assert refused.returncode == 2
    assert "cannot hold results" in refused.stderr
    assert "No space left on device" in refused.stderr
    assert "[1/" not in refused.stderr


def test_results_on_a_read_only_disk_are_told_before_anything_runs(
    command: Command, tmpfs: Tmpfs
) -> None:
    tmpfs.forbid_writing()
    refused = command(*GRID, "--leaderboards", str(tmpfs.folder))
    assert refused.returncode == 2
    assert "Read-only file system" in refused.stderr
    assert "--leaderboards" in refused.stderr
    assert "[1/" not in refused.stderr


def test_results_that_become_read_only_in_mid_run_lose_no_record(
    command: Command, tmpfs: Tmpfs, calm: dict[str, Any]
) -> None:
    again = [*GRID, "--leaderboards", str(tmpfs.folder)]

    def forbid() -> None:
        for _ in range(1000):  # a file that is being written stands in the way
            try:
                tmpfs.forbid_writing()
                return
            except CalledProcessError:
                time.sleep(0.002)

    forbidding = when_the_first_record_lies_in(tmpfs.folder, forbid)
    stopped = command(*again)
    forbidding.join()
    assert stopped.returncode == 2, stopped.stderr
    assert "Read-only file system" in stopped.stderr
    assert "Traceback" not in stopped.stderr

    tmpfs.mount("10m")
    assert command(*again).returncode == 0
    assert outcome(tmpfs.folder) == calm


def test_a_cache_without_room_is_an_error_and_the_same_command_goes_on_later(
    command: Command, tmpfs: Tmpfs, calm: dict[str, Any], tmp_path: Path
) -> None:
    tmpfs.mount("64k")
    cache = str(tmpfs.folder)
    stopped = command(*GRID, XLSER_CACHE=cache)
    assert stopped.returncode == 2
    assert "No space left on device" in stopped.stderr
    assert "XLSER_CACHE" in stopped.stderr
    assert not list(tmpfs.folder.rglob("*.arrow"))

    tmpfs.mount("100m")
    assert command(*GRID, XLSER_CACHE=cache).returncode == 0
    assert outcome(tmp_path / "leaderboards") == calm


def test_a_read_only_cache_is_an_error_that_says_what_to_set(
    command: Command, tmpfs: Tmpfs
) -> None:
    tmpfs.forbid_writing()
    stopped = command(*GRID, XLSER_CACHE=str(tmpfs.folder))
    assert stopped.returncode == 2
    assert "Read-only file system" in stopped.stderr
    assert "XLSER_CACHE" in stopped.stderr


def test_a_page_that_finds_no_room_is_told_and_written_later(
    command: Command, tmpfs: Tmpfs
) -> None:
    assert command(*GRID, "--leaderboards", str(tmpfs.folder)).returncode == 0
    page = tmpfs.folder / "demo" / "README.md"
    written = page.read_bytes()
    page.unlink()
    fill(tmpfs.folder)
    stopped = command("leaderboard", "demo", "--leaderboards", str(tmpfs.folder))
    assert stopped.returncode == 2
    assert "No space left on device" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert not page.exists()

    (tmpfs.folder / "something-else").unlink()
    assert command("leaderboard", "demo", "--leaderboards", str(tmpfs.folder)).returncode == 0
    assert page.read_bytes() == written
