"""Commands of developers can be imported: mypy and lint do not see what a name leads to."""

from importlib import import_module
from pathlib import Path

import pytest

FOLDERS = [Path(__file__).parent, Path(__file__).parents[1] / "speed"]
MODULES = sorted(
    f"tests.{folder.name}.{path.stem}"
    for folder in FOLDERS
    for path in folder.glob("*.py")
    if not path.stem.startswith(("test_", "conftest"))
)


@pytest.mark.parametrize("name", MODULES)
def test_it_can_be_imported(name: str) -> None:
    try:
        import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in ("griffe", "librosa"):  # of the extras docs and bench
            raise
        pytest.skip(f"{error.name} is not installed")
