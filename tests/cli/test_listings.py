"""`xlser protocols`, `xlser backbones`, `python -m xlser`, and what a shell completes."""

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from tests.cli.commands import XLSER, xlser
from tests.cli.test_start import HEAVY, imported
from typer.testing import CliRunner

from xlser.cli import app
from xlser.errors import UnknownNameError
from xlser.protocols import get_protocol


def invoke(*args: str) -> str:
    result = CliRunner().invoke(app, list(args), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_protocols_state_what_they_hold_and_what_is_not_found() -> None:
    rows = {row["protocol"]: row for row in json.loads(invoke("protocols", "--json"))}
    assert rows["demo"]["corpora not found"] == []
    assert "emodb" in rows["v1"]["corpora not found"]
    assert rows["v1"]["digest"] == get_protocol("v1").digest
    assert "| v1" in invoke("protocols")


@pytest.mark.parametrize("listing", ["backbones", "corpora", "methods", "protocols"])
def test_a_listing_fits_100_columns_and_keeps_names_whole(listing: str) -> None:
    lines = invoke(listing).splitlines()
    assert max(map(len, lines)) <= 100
    names = {line.split("|")[1].strip() for line in lines if "|" in line}
    assert {*entry_points(group=f"xlser.{listing}").names} <= names


def test_one_protocol_is_shown_with_all_its_facts() -> None:
    shown = invoke("protocols", "demo")
    assert "languages: english (demo-english); french (demo-french)" in shown
    assert f"digest: {get_protocol('demo').digest}" in shown
    assert json.loads(invoke("protocols", "demo", "--json"))["seeds"] == [0, 1, 2]


def test_backbones_state_dimension_licence_and_weights(tmp_path: Path) -> None:
    rows = {row["backbone"]: row for row in json.loads(invoke("backbones", "--json"))}
    assert rows["audiontt-512"]["dimension"] == 512
    assert rows["audiontt-512"]["found in"] is None
    assert rows["audiontt-512"]["licence"].startswith("MIT")
    assert rows["audiontt-512-25ms"]["front-end"]["window"] == 400
    assert rows["audiontt-512"]["parameters"] == 600_192
    assert "AudioSet" in rows["audiontt-512"]["trained on"]
    assert rows["audiontt-512"]["corpora it has been trained on"] == []
    assert "AudioSet" in invoke("backbones")
    assert "needs none" in invoke("backbones")
    assert "citation: Scheidwasser-Clow" in invoke("backbones", "audiontt-512")


@pytest.mark.parametrize(("command", "hint"), [("protocols", "demo"), ("backbones", "audiontt")])
def test_a_typo_is_answered_by_the_nearest_name(command: str, hint: str) -> None:
    with pytest.raises(UnknownNameError, match=hint):
        invoke(command, hint[:-1] + "x")


def test_listing_protocols_imports_nothing_heavy(tmp_path: Path) -> None:
    assert not HEAVY & imported(tmp_path, "protocols")


def test_the_package_is_a_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "xlser", "run", "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: xlser run [OPTIONS]")


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("xlser run sv", "svm"),
        ("xlser run --protocol de", "demo"),
        ("xlser plan --backbone logm", "logmel-functionals"),
        ("xlser methods show soft-", "soft-pseudo-labels"),
        ("xlser protocols de", "demo"),
    ],
)
def test_bash_completes_names_of_plugins(typed: str, completed: str, tmp_path: Path) -> None:
    words = typed.split()
    environment = {
        "_XLSER_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(words) - 1),
    }
    done = xlser(folder=tmp_path, **environment)
    assert done.stdout.split() == [completed]


def test_the_script_for_bash_is_shown(tmp_path: Path) -> None:
    environment = {"_XLSER_COMPLETE": "source_bash"}
    assert "complete -o default -F" in xlser(folder=tmp_path, **environment).stdout
    assert XLSER
