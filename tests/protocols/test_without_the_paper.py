"""The suite works where the packages of papers are not installed.

Their modules are hidden from a process of its own, and so are their entry points, by metadata of
the distribution `xlser` that come before the installed ones.
"""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from tests.cli.commands import xlser

PAPERS = ("xlser_agarla2022", "xlser_emobox")
SUITE = Path(__file__).parents[2] / "benchmark" / "xlser"

_HIDE = f"""
import sys

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {PAPERS!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hide())
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PYTHONPATH under which the packages are not there."""
    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(_HIDE, encoding="utf-8")
    installed = distribution("xlser")
    metadata = site / f"xlser-{installed.version}.dist-info"
    metadata.mkdir()
    lines = (installed.read_text("entry_points.txt") or "").splitlines(keepends=True)
    assert all(any(paper in line for line in lines) for paper in PAPERS)
    kept = [line for line in lines if not any(paper in line for paper in PAPERS)]
    (metadata / "entry_points.txt").write_text("".join(kept), encoding="utf-8")
    about = installed.read_text("METADATA") or ""
    (metadata / "METADATA").write_text(about, encoding="utf-8")
    return os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])


@pytest.mark.parametrize("paper", PAPERS)
def test_it_is_hidden(path: str, paper: str) -> None:
    code = "from xlser.protocols import protocol_names; print(protocol_names()); import " + paper
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "['demo', 'v1', 'v2']\n"
    assert f"ModuleNotFoundError: No module named '{paper}'" in done.stderr


def test_the_demo_runs_and_its_leaderboard_is_written(path: str, tmp_path: Path) -> None:
    asked = ["lower-bound", "--target", "german", "--labels", "0", "--seeds", "0"]
    done = xlser("run", *asked, folder=tmp_path, PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "leaderboards/demo/results").rglob("*.json"))) == 1
    assert "lower-bound" in (tmp_path / "leaderboards/demo/README.md").read_text(encoding="utf-8")
    again = xlser("leaderboard", folder=tmp_path, PYTHONPATH=path)
    assert again.returncode == 0, again.stderr


def test_the_papers_protocol_is_unknown_in_words(path: str, tmp_path: Path) -> None:
    asked = ["lower-bound", "--protocol", "agarla2022", "--target", "german"]
    done = xlser("run", *asked, folder=tmp_path, PYTHONPATH=path)
    assert done.returncode == 2
    assert "There is no protocol 'agarla2022'" in done.stderr
    assert "Known: demo, v1, v2." in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_installed_is_listed(path: str, tmp_path: Path) -> None:
    done = xlser("doctor", "--json", folder=tmp_path, PYTHONPATH=path)
    assert sorted(json.loads(done.stdout)["protocols"]) == ["demo", "v1", "v2"]


def test_the_suite_names_no_paper() -> None:
    named = [
        str(file.relative_to(SUITE))
        for file in sorted(SUITE.rglob("*"))
        if file.suffix in {".json", ".md", ".py", ".pyi", ".toml", ".txt", ".j2"}
        and re.search("agarla2022|emobox", file.read_text(encoding="utf-8"))
    ]
    assert named == []
