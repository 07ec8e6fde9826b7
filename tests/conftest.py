"""What every test stands on: a cache of its own, and real data only where asked for by name."""

import os
from pathlib import Path

import pytest

from xlser.system.memory import keep_pages

keep_pages()  # as each command does first: training is a third faster so

_DATA = os.environ.get("XLSER_DATA")
_WEIGHTS = os.environ.get("XLSER_WEIGHTS")

_SLOW = (
    "cli/test_killed",
    "faults",
    "fuzz",
    "executors",
    "real",
    "runs",
    "test_notebooks",
    "test_readme",
)
"""Files that take longest. They come first, so that the processes of a run end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(tests).as_posix() if item.path.is_relative_to(tests) else ""
        return next((n for n, slow in enumerate(_SLOW) if name.startswith(slow)), len(_SLOW))

    items.sort(key=place)


@pytest.fixture(autouse=True)
def _own_surroundings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XLSER_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("XLSER_DATA", raising=False)
    monkeypatch.delenv("XLSER_WEIGHTS", raising=False)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real corpora."""
    if not _DATA:
        pytest.skip("XLSER_DATA is not set: no real corpora here")
    return Path(_DATA).resolve()


@pytest.fixture(scope="session")
def real_weights(real_data: Path) -> Path:
    """Folder or file of the published BYOL-S weights."""
    beside = real_data.parent / "weights"
    if _WEIGHTS:
        return Path(_WEIGHTS).resolve()
    if not beside.is_dir():
        pytest.skip("XLSER_WEIGHTS is not set and there is no weights/ beside XLSER_DATA")
    return beside


@pytest.fixture(scope="session")
def demo_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cache that tests share, so that the demo's features are computed once."""
    return tmp_path_factory.mktemp("demo-cache")
