"""Records to pack, and a folder for them."""

from pathlib import Path

import pytest
from tests.records.committed import committed

from xlser.records import Record


@pytest.fixture(scope="module")
def some() -> list[Record]:
    """Records of several targets, tracks and protocols."""
    found = [*committed("v1/results").values(), *committed("agarla2022/results").values()]
    return found[:: len(found) // 12][:12]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "v1" / "results"
