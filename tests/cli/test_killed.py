"""Killed at any moment, the same command goes on, and ends where it would have ended."""

import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.cli.commands import start, xlser
from tests.demo import lasting

from xlser.records import Record

_KILLS = 20
_CORPORA = ["demo-english", "demo-french", "demo-german", "demo-italian", "demo-persian"]
_RUN = ["run", "lower-bound", "sft", "svm", "target-only", "upper-bound"]
_GRID = [*_RUN, "--target", "german", "italian"]


def killed_again_and_again(
    commands: list[list[str]], folder: Path, cache: Path, span: float
) -> int:
    """Start each command and kill it at a random moment within `span` s; return the hits."""
    moments = random.Random(0)
    hits = 0
    for args in commands:
        process = start(*args, folder=folder, XLSER_CACHE=str(cache))
        try:
            process.communicate(timeout=moments.uniform(0.2, 1.0) * span)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            hits += 1
    return hits


def test_prepare_killed_twenty_times_ends_in_the_same_stores(tmp_path: Path) -> None:
    def frames(cache: Path) -> dict[str, bytes]:
        return {f.parent.name: f.read_bytes() for f in (cache / "features").rglob("*.arrow")}

    calm, rough = tmp_path / "calm", tmp_path / "rough"
    began = time.monotonic()
    assert xlser("prepare", folder=tmp_path, XLSER_CACHE=str(calm)).returncode == 0
    longest = time.monotonic() - began

    # A corpus at a time, so that the last kills find work to interrupt too.
    one_each = [["prepare", _CORPORA[kill % len(_CORPORA)]] for kill in range(_KILLS)]
    hits = killed_again_and_again(one_each, tmp_path, rough, 0.5 * longest)
    assert hits > 0
    assert xlser("prepare", folder=tmp_path, XLSER_CACHE=str(rough)).returncode == 0
    assert frames(rough) == frames(calm)
    assert not list((rough / "features").glob("*.partial"))


def test_a_grid_killed_twenty_times_ends_in_the_same_records(tmp_path: Path) -> None:
    def outcome(folder: Path) -> tuple[dict[str, Any], bytes]:
        results = folder / "leaderboards" / "demo" / "results"
        records = {
            path.relative_to(results).as_posix(): lasting(Record.read(path))
            for path in sorted(results.rglob("*.json"))
        }
        page = (folder / "leaderboards" / "demo" / "README.md").read_bytes()
        return records, page.partition(b"## Cost")[0]  # times differ

    calm, rough = tmp_path / "calm", tmp_path / "rough"
    calm.mkdir()
    rough.mkdir()
    began = time.monotonic()
    assert xlser(*_GRID, folder=calm, XLSER_CACHE=str(tmp_path / "a")).returncode == 0
    longest = time.monotonic() - began

    hits = killed_again_and_again([_GRID] * _KILLS, rough, tmp_path / "b", longest / 4)
    assert hits > 0
    assert xlser(*_GRID, folder=rough, XLSER_CACHE=str(tmp_path / "b")).returncode == 0
    assert outcome(rough) == outcome(calm)
    assert not list(rough.rglob("*.partial"))


def test_an_interrupt_keeps_what_is_recorded_and_says_how_to_go_on(tmp_path: Path) -> None:
    process = start(*_RUN, folder=tmp_path)
    results = tmp_path / "leaderboards" / "demo" / "results"
    deadline = time.monotonic() + 120
    while not list(results.rglob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "same command goes on" in err
    kept = {path: path.read_bytes() for path in results.rglob("*.json")}
    assert kept
    again = xlser(*_RUN, folder=tmp_path)
    assert again.returncode == 0
    assert f"{len(kept)} recorded already" in again.stderr
    assert all(path.read_bytes() == content for path, content in kept.items())
