"""Processes that are stopped, killed, doubled, or do not end."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from tests.cli.commands import start
from tests.cli.warm import Command as Running
from tests.demo import lasting

from xlser.records import Record

Command = Callable[..., CompletedProcess[str]]
SLOW = ["run", "slow", "--target", "german", "--jobs", "1", "--set", "seconds=1.0"]


def records(folder: Path) -> dict[str, Record]:
    results = folder / "leaderboards" / "demo" / "results"
    return {path.name: Record.read(path) for path in sorted(results.rglob("*.json"))}


def failures(folder: Path) -> list[Path]:
    return sorted((folder / "leaderboards" / "demo" / "failures").rglob("*.json"))


def started(unruly: Path, cache: Path, folder: Path, *args: str) -> Running:
    return start(*args, folder=folder, PYTHONPATH=str(unruly), XLSER_CACHE=str(cache))


def wait_for_a_record(folder: Path, process: Running) -> None:
    deadline = time.monotonic() + 120
    while not records(folder):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_sigterm_ends_a_command_as_ctrl_c_does(
    unruly: Path, demo_cache: Path, tmp_path: Path, command: Command
) -> None:
    process = started(unruly, demo_cache, tmp_path, *SLOW)
    wait_for_a_record(tmp_path, process)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "same command goes on" in said
    assert "Traceback" not in said
    kept = {name: lasting(record) for name, record in records(tmp_path).items()}
    assert 0 < len(kept) < 3

    assert command(*SLOW).returncode == 0
    ended = {name: lasting(record) for name, record in records(tmp_path).items()}
    assert len(ended) == 3
    assert {name: ended[name] for name in kept} == kept
    assert not list(tmp_path.rglob("*.partial"))


def test_two_commands_at_one_results_folder_leave_each_record_once(
    unruly: Path, demo_cache: Path, tmp_path: Path
) -> None:
    grid = ["run", "svm", "slow", "--target", "german", "--set", "seconds=0.3"]
    both = [started(unruly, demo_cache, tmp_path, *grid) for _ in range(2)]
    for process in both:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    board = tmp_path / "leaderboards" / "demo"
    assert len(list((board / "status").glob("*.json"))) == 2
    assert not list(board.rglob("*.partial"))
    assert len(list((board / "results").rglob("*.json"))) == len(records(tmp_path)) == 9
    assert len({record.key for record in records(tmp_path).values()}) == 9
    assert (board / "README.md").read_text().count("| svm") >= 2


def test_a_run_killed_for_want_of_memory_is_begun_again(command: Command, tmp_path: Path) -> None:
    marker = tmp_path / "killed"
    grid = ["run", "dies-once", "svm", "--target", "german", "--labels", "0", "--jobs", "2"]
    done = command(*grid, "--set", f"marker={marker}")
    assert done.returncode == 0
    assert "its process ended by SIGKILL; it is begun again" in done.stderr
    assert len(records(tmp_path)) == 6
    assert not failures(tmp_path)


def test_a_method_that_hangs_is_ended_by_the_timeout(command: Command, tmp_path: Path) -> None:
    grid = ["run", "hangs", "svm", "--target", "german", "--seeds", "0", "--timeout", "8"]
    done = command(*grid, "--labels", "0")
    assert done.returncode == 1
    assert "'hangs' of package unruly-methods 0.1.0 took longer than the timeout of 8 s" in (
        done.stderr
    )
    assert [record.method.name for record in records(tmp_path).values()] == ["svm"]


def test_a_failure_is_written_down_with_the_command_that_repeats_it(
    command: Command, tmp_path: Path
) -> None:
    done = command("run", "wants-too-much-memory", "--target", "german", "--seeds", "1")
    assert done.returncode == 1
    (path,) = failures(tmp_path)
    failure = json.loads(path.read_text())
    assert failure["run"] == "german wants-too-much-memory k=0 s=1"
    assert "Traceback" in failure["trace"]
    words = failure["again"].split()
    assert words[:3] == ["xlser", "run", "wants-too-much-memory"]
    assert command(*words[1:]).returncode == 1


def test_an_isolated_method_does_not_outlive_its_command(
    unruly: Path, demo_cache: Path, tmp_path: Path
) -> None:
    process = started(
        unruly, demo_cache, tmp_path, "run", "hangs", "--target", "german", "--isolate"
    )
    deadline = time.monotonic() + 120
    while not (children := descendants(process.pid)) or not in_fit(children[-1]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.kill()
    process.communicate(timeout=60)
    deadline = time.monotonic() + 30
    while any(alive(child) for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def descendants(process: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *descendants(int(child))]
    return sorted(found)


def in_fit(process: int) -> bool:
    """Whether it has come to ignore SIGTERM, as the method does that hangs."""
    status = Path(f"/proc/{process}/status").read_text()
    (ignored,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigIgn:")]
    return bool(int(ignored, 16) >> (signal.SIGTERM - 1) & 1)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
        return "Z (zombie)" not in Path(f"/proc/{process}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
