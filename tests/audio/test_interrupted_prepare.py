"""Processes that prepare a corpus and are killed, or get in one another's way."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests import trees

from xlser.corpora import get_corpus


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `interrupt_prepare.py` saw on a corpus of 360 used recordings."""
    work = tmp_path_factory.mktemp("interrupted")
    root = trees.recordings(get_corpus("savee"), work / "savee")
    script = Path(__file__).with_name("interrupt_prepare.py")
    command = [sys.executable, script, root, work]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_undisturbed_process_makes_one_store(report: dict[str, Any]) -> None:
    assert report["undisturbed"]["exits"] == [0]
    assert report["undisturbed"]["partial"] == []
    assert len(report["undisturbed"]["stores"]) == 1


def test_killed_processes_leave_a_whole_store_or_none(report: dict[str, Any]) -> None:
    codes = [code for kill in report["kills"] for code in kill["exits"]]
    assert codes.count(-signal.SIGKILL) >= 2  # or nothing was tried
    whole = report["undisturbed"]["stores"]
    assert all(kill["stores"] in ({}, whole) for kill in report["kills"])


def test_next_process_sweeps_what_killed_ones_left(report: dict[str, Any]) -> None:
    assert any(kill["partial"] for kill in report["kills"])  # there was something to sweep
    assert all(len(kill["partial"]) <= 1 for kill in report["kills"])
    assert report["killed"]["partial"] == []


def test_store_after_kills_is_that_of_an_undisturbed_process(report: dict[str, Any]) -> None:
    assert report["killed"]["exits"] == [0]
    assert report["killed"]["stores"] == report["undisturbed"]["stores"]


def test_two_processes_at_once_end_in_one_good_store(report: dict[str, Any]) -> None:
    assert report["rivals"]["exits"] == [0, 0]
    assert report["rivals"]["partial"] == []
    assert report["rivals"]["stores"] == report["undisturbed"]["stores"]
