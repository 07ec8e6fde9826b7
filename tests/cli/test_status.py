"""What is told of a grid: by its own command, and by `xlser status` from another process."""

import json
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.cli.commands import start, xlser
from tests.cli.test_start import HEAVY, imported
from tests.packages import Package
from typer.testing import CliRunner

from xlser.cli import app
from xlser.errors import ResultsError
from xlser.monitoring.report import failure_lines
from xlser.monitoring.status import SILENCE, judged

_RUNNER = CliRunner()

METHODS = """
import threading
from xlser.methods import Method, Predictor, Task

class Fails(Method):
    name = "fails"
    target_labels = "none"
    citation = "none"

    def fit(self, task: Task) -> Predictor:
        raise RuntimeError("no luck")

class Waits(Fails):
    name = "waits"

    def fit(self, task: Task) -> Predictor:
        task.progress(3, 10)
        threading.Event().wait()
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    Package(folder).install("stranger", METHODS, fails="Fails", waits="Waits")
    return folder


@pytest.fixture
def here(tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def status(*args: str) -> str:
    return _RUNNER.invoke(app, ["status", *args]).stdout


def commands() -> dict[str, dict[str, Any]]:
    """What `xlser status` tells of each command, by its last word."""
    told = json.loads(status("--json") or '{"demo": {"commands": []}}')["demo"]["commands"]
    return {each["command"].split()[-1]: each for each in told}


def when(holds: Callable[[dict[str, dict[str, Any]]], bool]) -> None:
    deadline = time.monotonic() + 240
    while not holds(commands()):
        assert time.monotonic() < deadline, status()
        time.sleep(0.05)


def at_work(told: dict[str, Any] | None) -> bool:
    return bool(told and told["longest_at_work"] and told["longest_at_work"][0]["epochs"])


def test_another_process_is_told_what_runs_and_what_became_of_it(here: Path, site: Path) -> None:
    grid = [
        "run",
        "--no-isolate",
        "fails",
        "waits",
        "--target",
        "german",
        "--seeds",
        "0",
        "1",
        "--json",
    ]
    killed = start(*grid, folder=here, PYTHONPATH=str(site))
    other = ["run", "--no-isolate", "waits", "--target", "german", "--seeds", "2"]
    stopped = start(*other, folder=here, PYTHONPATH=str(site))
    when(lambda told: at_work(told.get("--json")) and at_work(told.get("2")))

    told = commands()["--json"]
    assert told["state"] == "running"
    assert told["process"] == killed.pid
    assert told["runs"] == {"total": 4, "done": 0, "failed": 1, "at_work": 1, "waiting": 2}
    (job,) = told["longest_at_work"]
    assert (job["job"], job["epochs"]) == ("german waits k=0 s=0", [3, 10])
    words = xlser("status", folder=here).stdout
    assert "0 of 4 runs done, 1 failed, 1 at work, 2 waiting" in words
    assert "at work: german waits k=0 s=0, " in words
    assert "3 of 10 epochs" in words
    assert "RuntimeError: no luck. The method 'fails' of package strangers 1.2.3" in words
    assert "german fails k=0 s=0: xlser run fails --protocol demo --target german" in words
    assert "--no-isolate" in words.partition("german fails k=0 s=0: ")[2].partition("\n")[0]
    assert "was killed" not in words
    assert not HEAVY & imported(here, "status")

    killed.kill()
    out, err = killed.communicate(timeout=60)
    assert out == ""
    lines = [json.loads(line) for line in err.splitlines()]
    assert [line["event"] for line in lines if line["event"] != "prepared"] == ["plan", "failed"]
    words = status()
    assert f"process {killed.pid} on host {told['host']} was killed" in words
    assert f"the same command goes on: xlser {' '.join(grid)} (in {here})" in words

    stopped.send_signal(signal.SIGINT)
    stopped.communicate(timeout=60)
    states = {name: each["state"] for name, each in commands().items()}
    assert states == {"--json": "gone", "2": "interrupted"}

    _RUNNER.invoke(app, ["run", "lower-bound", "--target", "german"], catch_exceptions=False)
    ended = _RUNNER.invoke(app, ["status", "--json", "--watch"], catch_exceptions=False)
    (last,) = json.loads(ended.stdout)["demo"]["commands"]  # what the others left is swept
    assert last["state"] == "ended"
    assert last["runs"] == {"total": 3, "done": 3, "failed": 0, "at_work": 0, "waiting": 0}
    assert last["core_hours"] > 0
    assert not list(here.rglob("*.partial"))


def test_with_json_each_line_of_progress_is_an_object(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xlser.monitoring.report._MOMENT", 0.01)
    monkeypatch.setattr("xlser.monitoring.report._EVERY", 0.0)
    args = ["run", "svm", "sft", "--target", "german", "--seeds", "0", "--labels", "20", "--json"]
    done = _RUNNER.invoke(app, [*args, "--set", "inverse_penalties=[-1]"])
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert answer["failed"] == ["german svm k=20 s=0"]
    (failure,) = answer["failures"]
    assert failure["again"].startswith("xlser run svm --protocol demo --target german --seeds 0")
    assert "Traceback" in failure["trace"]

    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {datetime.fromisoformat(line["time"]).tzinfo for line in lines} == {UTC}
    told = {line["event"]: line for line in lines}
    assert {"plan", "failed", "ended", "progress"} <= set(told)
    assert told["failed"]["message"] == failure["message"]
    assert told["failed"]["run"] == "german svm k=20 s=0"
    (record,) = (here / "leaderboards/demo/results").rglob("*.json")
    ended, kept = told["ended"], json.loads(record.read_text())
    assert ended["key"] == kept["key"]
    assert ended["ua"] == kept["scores"]["target"]["ua"]
    last = [line for line in lines if line["event"] in ("ended", "failed")][-1]
    assert [last[name] for name in ("total", "done", "failed", "waiting")] == [2, 1, 1, 0]
    assert last["seconds_left"] == 0.0
    assert told["progress"]["runs"]["total"] == 2

    # What lies beside the records disturbs no check of them.
    assert list((here / "leaderboards/demo/status").glob("*.json"))
    assert (here / "leaderboards/demo/status/.gitignore").read_text() == "*\n"
    assert list((here / "leaderboards/demo/failures").rglob("*.json"))
    assert _RUNNER.invoke(app, ["validate"]).exit_code == 0


def test_what_ends_in_an_error_is_told_so(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise ResultsError("no room.", "Make some.")

    monkeypatch.setattr(import_module("xlser.executors.driver"), "save_record", full)
    with pytest.raises(ResultsError):
        _RUNNER.invoke(app, ["run", "svm", "--target", "german"], catch_exceptions=False)
    words = _RUNNER.invoke(app, ["status"]).stdout
    assert "ended in an error" in words
    assert "the same command goes on: " in words


def test_where_nothing_was_run_it_is_said_what_to_do(here: Path) -> None:
    done = xlser("status", folder=here)
    assert done.returncode == 2
    assert "Start one with `xlser run`" in done.stderr


def told_at(seconds: int, host: str, process: int) -> dict[str, Any]:
    updated = f"2030-01-01T00:00:{seconds:02d}+00:00"
    return {"state": "running", "host": host, "process": process, "updated": updated}


def test_a_process_of_another_host_is_judged_by_its_age_alone() -> None:
    now = datetime.fromisoformat("2030-01-01T00:00:50+00:00")
    assert judged(told_at(45, "elsewhere", 1 << 30), now)["state"] == "running"
    silent = judged(told_at(int(50 - SILENCE) - 1, "elsewhere", 1), now)
    assert (silent["state"], silent["silent_for"]) == ("silent", SILENCE + 1)
    assert judged({**silent, "state": "ended"}, now)["state"] == "ended"


def test_hundreds_of_failures_are_told_by_kind() -> None:
    failures = [
        {
            "run": f"run {number}",
            "message": "no luck" if number % 3 else f"fault {number % 60}",
            "again": f"xlser run {number}",
            "trace": f"Traceback of {number}",
        }
        for number in range(600)
    ]
    lines = list(failure_lines(failures, Path("leaderboards/v1/failures"), traces=True))
    assert lines[:5] == [
        "no luck (400 runs)",
        "  run 1: xlser run 1",
        "  run 2: xlser run 2",
        "  run 4: xlser run 4",
        "  and 397 more",
    ]
    assert lines[5] == "  Traceback of 1"
    assert len(lines) < 60
    assert lines[-2] == "and 130 more, each in its own way"
    assert "leaderboards/v1/failures" in lines[-1]
