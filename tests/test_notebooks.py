"""The notebooks of the documentation run, and write nothing but results."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from xlser.records import Record

NOTEBOOKS = Path(__file__).parents[1] / "docs" / "notebooks"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


def test_the_first_method_runs_in_an_empty_folder(
    tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    for folder in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "MPLCONFIGDIR"):
        path = tmp_path / folder
        path.mkdir()
        monkeypatch.setenv(folder, str(path))
    work = tmp_path / "work"
    work.mkdir()
    notebook = nbformat.read(NOTEBOOKS / "first-method.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(work)}})
    client.execute()

    assert [path.name for path in work.iterdir()] == ["leaderboards"]
    records = [Record.read(path) for path in work.rglob("results/**/*.json")]
    own = [record.method for record in records if record.method.name == "Mine"]
    assert {method.package for method in own} == {"not packaged"}
    assert len({method.code for method in own}) == 1
    assert {record.labels for record in records} == {0, 20}
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert {"image/png", "text/html"} <= kinds
    said = "".join(output["text"] for output in outputs if output.output_type == "stream")
    assert "runs" not in said  # no progress, unless it is asked for
