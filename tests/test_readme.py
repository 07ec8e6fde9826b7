"""What the README shows runs as it stands there, block after block."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.commands import xlser

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```", TEXT, re.M | re.S)


def test_its_python_runs(tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    monkeypatch.chdir(tmp_path)
    assert len(PYTHON) >= 2
    names: dict[str, object] = {"__name__": "readme"}
    for block in PYTHON:
        exec(compile(block, str(README), "exec"), names)
    assert set(names["results"].frame["method"]) == {"entropy-minimisation", "sft"}


def test_a_class_in_a_file_gets_its_row(
    tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its commands, with the demo in the place of real speech."""
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    (tmp_path / "mine.py").write_text(PYTHON[0], encoding="utf-8")
    section = TEXT.partition("### From a file")[2].partition("### From Python")[0]
    (block,) = re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S)
    lines = [shlex.split(line, comments=True) for line in block.splitlines()]
    commands = [words[1:] for words in lines if words[0] == "xlser"]
    assert [words[0] for words in lines if words[0] != "xlser"] == ["export"]
    shown = []
    for words in commands:
        on_demo = [{"v2": "demo", "100": "20"}.get(word, word) for word in words]
        done = xlser(*on_demo, folder=tmp_path)
        assert done.returncode == 0, (words, done.stderr)
        shown.append(done.stdout + done.stderr)
    checked, _, compared, again, _, sent = shown
    assert "failed" not in checked
    assert "entropy-minimisation" in compared
    assert "0 runs to do" in again
    assert "to the dataset OWNER/NAME, as a pull request" in sent
    page = (tmp_path / "leaderboards/demo/README.md").read_text(encoding="utf-8")
    assert "| entropy-minimisation" in page
