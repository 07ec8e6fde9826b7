"""The fixture `xlser_check`, in a project of one's own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.regression.test_check import lay_down, read, recognised

from xlser.regression.check import Cell

TEST = """
def test_results_hold(xlser_check):
    xlser_check({arguments})
"""


@pytest.fixture
def project(tmp_path: Path, reference: Path) -> Path:
    (tmp_path / "reference").symlink_to(reference)
    return tmp_path


def run_pytest(project: Path, arguments: str, cache: Path) -> subprocess.CompletedProcess[str]:
    (project / "test_results.py").write_text(TEST.format(arguments=arguments), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider", str(project)],
        cwd=project,
        env={**os.environ, "XLSER_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_passes_where_results_hold(project: Path, demo_cache: Path) -> None:
    done = run_pytest(project, "", demo_cache)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_it_fails_with_the_table(project: Path, demo_cache: Path, cells: list[Cell]) -> None:
    sft, svm = (cell.repeats[0] for cell in cells)
    lay_down(sft, project / "now")
    lay_down(recognised(svm, 0.2), project / "now")
    done = run_pytest(project, '"reference", take="now"', demo_cache)
    assert done.returncode == 1
    said = read(done.stdout)
    assert "| ± 3.33 | 20.00 | below |" in said
    assert "8 figures compared: 2 below, 0 above, 0 cells not compared." in said
    assert "Traceback" not in said


def test_listing_fixtures_imports_nothing_heavy() -> None:
    """Every run of pytest imports the module, wherever the suite is installed."""
    tell = "import sys, xlser.pytest_fixtures; print({'torch', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
