"""`xlser plan`: it tells what `xlser run` then takes, and computes none of it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from xlser.cli import app
from xlser.errors import SettingsError

GRID = ("sft", "svm", "lower-bound", "--target", "german", "--seeds", "0")


def invoke(*args: str) -> str:
    result = CliRunner().invoke(app, list(args), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XLSER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_plan_takes_what_a_run_takes() -> None:
    asked = {name: invoke(name, "--help").partition("Options:")[2] for name in ("plan", "run")}
    assert asked["plan"] == asked["run"]


def test_a_plan_computes_nothing_and_foretells_what_the_run_writes(cache: Path) -> None:
    told = json.loads(invoke("plan", *GRID, "--json"))
    assert [path.name for path in cache.iterdir()] == ["digests"]
    assert not Path("leaderboards").exists()
    assert told["runs"] == {"to do": 4, "recorded": 0}
    assert told["source models"] == 1
    # What waits for a source model cannot be sooner than that.
    assert told["longest path"]["jobs"][0] == "source model s=0"
    alone, *_, most = told["wall time"]
    assert alone["workers"] == 1
    assert alone["seconds"] == pytest.approx(3600 * told["core-hours"])
    assert most["seconds"] == pytest.approx(told["longest path"]["seconds"])

    invoke("run", *GRID)
    written = {
        "records": size(Path("leaderboards/demo/results")),
        "features": size(cache / "features"),
        "embeddings": size(cache / "embeddings"),
        "source models": size(cache / "source-models"),
    }
    # A record tells of the commit it ran from, if any, and features have ids beside them.
    assert told["bytes"] == pytest.approx(written, rel=0.3)

    after = json.loads(invoke("plan", *GRID, "--json"))
    assert after["runs"] == {"to do": 0, "recorded": 4}
    assert after["core-hours"] == 0
    assert set(after["bytes"].values()) == {0}
    assert "Nothing is left to do." in invoke("plan", *GRID)


def test_costs_are_those_of_records_at_hand_and_guesses_are_marked(cache: Path) -> None:
    invoke("run", *GRID)
    more = ["plan", "sft", "dann", "--target", "german", "--jobs", "3"]
    told = json.loads(invoke(*more, "--json"))
    whence = {cost["of"]: cost["from"] for cost in told["costs"]}
    assert whence["sft"] == whence["source model"] == "your records"
    assert whence["dann"].startswith("guess: ")
    assert 0 < told["guessed"] < 1
    assert 3 in [each["workers"] for each in told["wall time"]]
    text = invoke(*more)
    assert "of the time guessed" in text
    assert f"{told['core-hours']:.2f} core-hours, 2 source models included" in text


def test_a_plan_of_nothing_is_refused(cache: Path) -> None:
    with pytest.raises(SettingsError, match="nothing to run"):
        invoke(
            "plan",
            "svm",
            "--track",
            "finetune",
            "--backbone",
            "audiontt-512",
            "--weights",
            "random",
        )
