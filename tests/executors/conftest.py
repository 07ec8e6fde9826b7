"""An installed method that waits, and the records that queued jobs must leave."""

from pathlib import Path

import pytest
from tests.demo import Demo
from tests.executors.queued_grids import ASKED, METHODS, records
from tests.packages import Package

from xlser.records import Record


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    Package(site).install("waiting", METHODS, waits="Waits")
    return site


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    """The records of a grid that this process makes."""
    folder = tmp_path_factory.mktemp("here")
    assert not Demo(folder / "cache").run(ASKED, folder / "results").failures
    return records(folder / "results")
