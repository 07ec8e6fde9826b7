"""A reference on the demo: five repeats of a method that draws, two of one that does not."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.demo import Demo, request

from xlser.regression.check import Cell, reference_cells

METHODS = {"sft": 5, "svm": 2}


@pytest.fixture(scope="session")
def reference(demo_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of leaderboards; nobody may write into it."""
    folder = tmp_path_factory.mktemp("reference")
    for method, repeats in METHODS.items():
        asked = replace(request([method], labels=[20]), repeats=repeats)
        Demo(demo_cache).run(asked, folder / "demo" / "results")
    return folder


@pytest.fixture(scope="session")
def cells(reference: Path) -> list[Cell]:
    """Those of the reference: sft, svm."""
    return reference_cells(reference)
