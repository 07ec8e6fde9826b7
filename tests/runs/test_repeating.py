"""The command that repeats a failed run repeats it, whatever shaped the run."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from xlser.cli import app

BOOM = """
from xlser.methods import Method

class Boom(Method):
    target_labels = "few"
    citation = "nobody"
    words: str = "plain"
    weight: float = 0.5

    def fit(self, task):
        raise ValueError("boom")
"""


@pytest.fixture
def here(tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    (tmp_path / "boom.py").write_text(BOOM)
    (tmp_path / "data folder").mkdir()
    return tmp_path


def failures(folder: Path) -> dict[Path, dict[str, Any]]:
    return {path: json.loads(path.read_text()) for path in folder.rglob("failures/**/*.json")}


def given(*words: str) -> list[str]:
    asked = ["run", "boom.py:Boom", "--target", "german", "--seeds", "0", "--labels", "20"]
    return [*asked, *words]


OPTIONS: list[tuple[list[str], dict[str, str]]] = [
    ([], {}),
    (["--exclude", "demo-german/f1-s1-anger", "demo-german/m?-s2-fear"], {}),
    (["--exclude", "demo-english/*-anger", "--set", 'words=it\'s "so"', "weight=0.25"], {}),
    (["--data", "data folder", "--device", "cpu", "--timeout", "77"], {}),
    (["--backbone", "audiontt-512", "--weights", "random", "--isolate"], {}),
    (["--backbone", "audiontt-512"], {"XLSER_WEIGHTS": "random", "XLSER_DATA": "data folder"}),
    (["--repeats", "2", "--redraw-labels"], {}),
    (["--repeats", "2", "--precision", "bf16", "--leaderboards", "other boards"], {}),
]


@pytest.mark.parametrize(("words", "environment"), OPTIONS)
def test_repeating_a_failed_run_leaves_the_same_failure(
    words: list[str], environment: dict[str, str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = CliRunner()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert runner.invoke(app, given(*words)).exit_code == 1
    for name in environment:
        monkeypatch.delenv(name)
    first = failures(here)
    assert len(first) == 1 + ("--repeats" in words)
    last = max(first.values(), key=lambda failure: failure["identity"].get("repeat", 0))
    assert runner.invoke(app, shlex.split(last["again"])[1:]).exit_code == 1
    again = failures(here)
    assert {path: each["identity"] for path, each in again.items()} == {
        path: each["identity"] for path, each in first.items()
    }
    assert last["again"] in {each["again"] for each in again.values()}


def test_every_option_of_a_run_is_repeated_or_needs_no_repeating() -> None:
    """A new option is to be added to `Grid.given`, or to those that shape no single run."""
    from xlser.api.options import RunOptions

    defines = {"methods", "protocol", "target", "labels", "seeds", "folds", "track", "backbone"}
    defines |= {"settings", "precision", "repeats", "leaderboards"}
    defines |= {"features"}  # repeated as the backbone that it is
    defines |= {"twins"}  # repeated as the setting that makes one
    defines |= {"redraw_labels"}
    shapes = {"data", "weights", "exclude", "device", "isolate", "timeout"}
    shapes |= {"executor", "executor_options"}
    assert set(RunOptions.model_fields) == defines | shapes | {"jobs"}
