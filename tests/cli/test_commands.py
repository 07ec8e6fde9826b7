import json
import re
from pathlib import Path

import pytest
from tests.cli.commands import xlser
from tests.costs import opened
from typer.testing import CliRunner

from xlser.cli import app
from xlser.cli.parameters import spread
from xlser.errors import XlserError

_RUNNER = CliRunner()


def invoke(*args: str, code: int = 0) -> str:
    result = _RUNNER.invoke(app, list(args), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout


@pytest.mark.parametrize(
    ("given", "spread_out"),
    [
        (["a", "b", "--target", "x", "y"], ["a", "b", "--target", "x", "--target", "y"]),
        (["--target", "x", "--seeds", "0", "1"], ["--target", "x", "--seeds", "0", "--seeds", "1"]),
        (["--target=x", "a"], ["--target=x", "a"]),
        (["--track", "frozen", "a"], ["--track", "frozen", "a"]),
        (["--target"], ["--target"]),
        ([], []),
    ],
)
def test_a_repeatable_option_takes_several_values(given: list[str], spread_out: list[str]) -> None:
    assert spread(given, {"--target", "--seeds"}) == spread_out


def test_help_names_every_command(tmp_path: Path) -> None:
    help_text = xlser("--help", folder=tmp_path).stdout
    for command in ("run", "status", "corpora", "prepare", "methods", "leaderboard", "doctor"):
        assert command in help_text
    assert not [line for line in help_text.splitlines()[1:] if line.endswith("...")]


def test_corpora_lists_all_with_where_they_are() -> None:
    listed = {row["corpus"]: row for row in json.loads(invoke("corpora", "--json"))}
    assert {"cafe", "emodb", "emovo", "ravdess", "savee", "shemo", "tess"} <= set(listed)
    assert listed["emodb"]["of the five emotions"] == 408
    assert listed["emodb"]["found in"] is None
    assert listed["demo-german"]["found in"]
    assert "not found" in invoke("corpora")


def test_methods_lists_supervision_tracks_settings_and_citation() -> None:
    listed = {row["method"]: row for row in json.loads(invoke("methods", "--json"))}
    assert listed["sft"]["target labels"] == "few"
    assert listed["svm"]["tracks"] == ["frozen"]
    assert "inverse_penalties" in listed["svm"]["settings"]
    assert all(row["citation"] and row["about"] for row in listed.values())
    assert "logistic-regression" in invoke("methods")


def test_check_passes_for_whole_corpora_and_fails_for_others(tmp_path: Path) -> None:
    assert "complete." in invoke("corpora", "check", "demo-german")
    (tmp_path / "emodb").mkdir()
    output = invoke("corpora", "check", "emodb", "--data", str(tmp_path), code=1)
    assert "0 of 535 published files; 408 faults" in output
    assert "fault: 408 files: missing, for example 03a01Fa, 03a01Nc\n" in output
    assert "and 30 more: --json lists all" in output  # of 50 pairs of speaker and emotion
    as_json = invoke("corpora", "check", "emodb", "--data", str(tmp_path), "--json", code=1)
    (report,) = json.loads(as_json)
    assert len(report["faults"]) == 408


def test_an_error_is_told_in_words_with_what_to_do(tmp_path: Path) -> None:
    done = xlser("run", "lower-bound", "--protocol", "v1", "--target", "german", folder=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "error: " in done.stderr
    assert "XLSER_DATA" in done.stderr


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (["run", "lowerbound"], "lower-bound"),
        (["run", "svm", "--protocol", "agarla"], "agarla2022"),
        (["run", "svm", "--target", "germn"], "german"),
        (["run", "svm", "--backbone", "audiontt"], "audiontt-512"),
        (["run", "svm", "--set", "C"], "--set name=value"),
        (["run", "svm", "--device", "gpu"], "cpu or cuda"),
        (["run", "--target", "german", "sft"], "xlser run sft --target german"),
        (["run", "svm", "--labels", "20", "sft"], "xlser run svm sft --labels 20"),
        (["run", "--seeds", "0", "mine.py:Mine"], "xlser run mine.py:Mine --seeds 0"),
        (["plan", "--labels", "0", "svm"], "xlser plan svm --labels 0"),
        (["compare", "--target", "german", "svm", "sft"], "svm sft --target german"),
        (["run", "svm", "--exclude", "x"], "<corpus>/<utterance>"),
        (["corpora", "check", "emobd"], "emodb"),
        (["leaderboard", "v3"], "v1"),
    ],
)
def test_a_typo_starts_nothing_and_suggests_the_nearest(
    args: list[str], hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(XlserError) as caught:
        _RUNNER.invoke(app, args, catch_exceptions=False)
    assert hint in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_doctor_begins_with_a_verdict_and_shows_what_is_found_and_missing(demo_cache: Path) -> None:
    report = json.loads(invoke("doctor", "--json"))
    assert report["corpora"]["demo-english"].startswith("120 utterances")
    assert report["corpora"]["shemo"].startswith("not found")
    assert report["backbones"]["logmel-functionals"] == "needs no weights"
    assert "not found" in report["backbones"]["audiontt-512"]
    assert "german" in report["protocols"]["demo"]
    assert next(iter(report)) == "verdict"
    assert "demo (french" in report["verdict"]["ready to run"]
    assert "v1" in report["verdict"]["no target's corpora found"]
    assert report["verdict"]["wrong"] == "nothing"
    shown = invoke("doctor")
    assert shown.startswith("verdict\n")
    assert "torch" in shown


def test_run_writes_records_and_prints_the_leaderboard(
    tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    monkeypatch.chdir(tmp_path)
    args = ["run", "svm", "sft", "--target", "german", "italian", "--seeds", "0", "1"]
    printed = invoke(*args)
    assert "## German" in printed
    assert "## Italian" in printed
    assert "2 of 3" in printed
    records = list((tmp_path / "leaderboards/demo/results").rglob("*.json"))
    assert len(records) == 12
    summary = json.loads(invoke(*args, "--json"))
    assert sorted(summary["records"]) == sorted(str(p.relative_to(tmp_path)) for p in records)
    assert summary["failed"] == []
    boards = json.loads(invoke("leaderboard", "demo", "--json"))
    assert [board["target"] for board in boards["demo"]] == ["german", "italian"]


def test_a_run_opens_each_record_once_to_plan_once_for_costs_and_once_for_the_page(
    tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    monkeypatch.chdir(tmp_path)
    results = Path("leaderboards/demo/results")
    args = ["run", "svm", "--target", "german", "--seeds"]
    invoke(*args, "0", "1")
    with opened(results, ".json") as times:
        invoke(*args, "0", "1")
    assert len(times) == 4
    assert set(times.values()) == {2}
    before = set(times)
    with opened(results, ".json") as times:
        invoke(*args, "0", "1", "2")
    assert {path: times.pop(path) for path in before} == dict.fromkeys(before, 3)
    assert list(times.values()) == [1, 1]


def test_a_setting_reaches_the_method_and_its_record(
    tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    monkeypatch.chdir(tmp_path)
    common = ["run", "svm", "--target", "german", "--seeds", "0", "--labels", "20"]
    invoke(*common, "--set", "inverse_penalties=[5]")
    (record,) = (tmp_path / "leaderboards/demo/results").rglob("*.json")
    assert json.loads(record.read_text())["method"]["settings"] == {"inverse_penalties": [5.0]}


def test_a_failed_run_ends_in_exit_code_one_with_its_traceback(
    tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    monkeypatch.chdir(tmp_path)
    args = ["run", "svm", "sft", "--target", "german", "--seeds", "0", "--labels", "20"]
    result = _RUNNER.invoke(app, [*args, "--set", "inverse_penalties=[-1]"])
    assert result.exit_code == 1
    assert "1 of 2 runs failed" in result.stderr
    assert "Traceback" in result.stderr
    records = list((tmp_path / "leaderboards/demo/results").rglob("*.json"))
    assert [path.name.partition("-")[0] for path in records] == ["sft"]


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (["run", "sft", "--labels", "0"], "needs 1 labels or more"),
        (["run", "svm", "--leaderboards", "file/below"], "--leaderboards"),
        (["corpora", "check", "--data", "typo"], "is not a folder"),
        (["prepare", "--data", "file"], "is not a folder"),
    ],
)
def test_what_would_fail_later_is_refused_first(
    args: list[str],
    hint: str,
    tmp_path: Path,
    demo_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(XlserError) as caught:
        _RUNNER.invoke(app, args, catch_exceptions=False)
    assert hint in str(caught.value)


def test_a_broken_plugin_does_not_hide_the_other_methods(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "broken-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[xlser.methods]\nbroken = no_such_module:M\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    result = _RUNNER.invoke(app, ["methods"])
    assert result.exit_code == 0
    assert "svm" in result.stdout
    assert "package broken 1.0 fails to import" in result.stderr


def test_leaderboard_without_records_says_how_to_make_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = _RUNNER.invoke(app, ["leaderboard"])
    assert result.exit_code == 1
    assert "xlser run" in result.stderr


def test_long_training_is_heard_of_where_no_bars_can_be_shown(
    tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    monkeypatch.setattr("xlser.monitoring.report._MOMENT", 0.001)
    monkeypatch.setattr("xlser.monitoring.report._EVERY", 0.0)
    monkeypatch.chdir(tmp_path)
    result = _RUNNER.invoke(app, ["run", "sft", "--target", "german", "--seeds", "0"])
    at_work = r"0 of 1 runs done, 1 at work, 0 waiting; .*german sft k=20 s=0, .* of 20 epochs"
    assert re.search(at_work, result.stderr)
