"""The notebooks of the documentation run, and write nothing but results."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from xlser.records import Record

NOTEBOOKS = Path(__file__).parents[1] / "docs" / "notebooks"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


@pytest.fixture
def outputs(
    tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, Path], list[Any]]:
    """Run a notebook in a folder; return the outputs of its cells."""
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    for folder in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "MPLCONFIGDIR"):
        path = tmp_path / folder
        path.mkdir()
        monkeypatch.setenv(folder, str(path))

    def run(name: str, folder: Path) -> list[Any]:
        notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
        resources = {"metadata": {"path": str(folder)}}
        NotebookClient(notebook, timeout=600, resources=resources).execute()
        return [output for cell in notebook.cells for output in cell.get("outputs", ())]

    return run


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """An empty folder."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def printed(outputs: list[Any], stream: str = "stdout") -> str:
    return "".join(o["text"] for o in outputs if o.output_type == "stream" and o.name == stream)


def kinds(outputs: list[Any]) -> set[str]:
    return {kind for output in outputs for kind in output.get("data", {})}


def test_the_first_method_runs_in_an_empty_folder(
    outputs: Callable[[str, Path], list[Any]], work: Path
) -> None:
    found = outputs("first-method", work)
    assert [path.name for path in work.iterdir()] == ["leaderboards"]
    records = [Record.read(path) for path in work.rglob("results/**/*.json")]
    own = [record.method for record in records if record.method.name == "Mine"]
    assert {method.package for method in own} == {"not packaged"}
    assert len({method.code for method in own}) == 1
    assert {record.labels for record in records} == {0, 20}
    assert {"image/png", "text/html"} <= kinds(found)
    # no progress, unless it is asked for
    assert "runs" not in printed(found) + printed(found, "stderr")


def test_committed_results_are_read_and_left_as_they_are(
    outputs: Callable[[str, Path], list[Any]],
) -> None:
    boards = NOTEBOOKS.parents[1] / "leaderboards"

    def state() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in boards.rglob("*")}

    before = state()
    found = outputs("reading-results", NOTEBOOKS)
    assert state() == before
    assert "image/png" in kinds(found)
    stated = r"logistic-regression is above svm in (\d) of 8 languages, separably in \d"
    assert re.fullmatch(stated, printed(found).strip())


def test_a_method_is_trained_kept_and_asked(
    outputs: Callable[[str, Path], list[Any]], work: Path
) -> None:
    found = outputs("using-a-method", work)
    card = json.loads((work / "model/model.json").read_bytes())
    assert f"{card['measured']['german']['ua']:.1f} % UA" in printed(found)
    confusions, board = [o["data"]["text/html"] for o in found if "text/html" in kinds([o])][-2:]
    assert all(emotion in confusions for emotion in card["classes"])
    assert "svm" in board
    assert {path.name for path in work.iterdir()} == {"model", "leaderboards"}
