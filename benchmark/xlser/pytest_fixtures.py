"""The pytest fixture `xlser_check`; pytest finds it wherever xlser is installed.

Every run of pytest imports this module: what is heavy is imported when the fixture is used.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xlser.regression.check import Cell, Now


@pytest.fixture
def xlser_check() -> Callable[..., None]:
    """Return what fails a test if results are not those of a reference, as `xlser check` does.

    `xlser_check(reference="reference", take=None)` runs every cell of the reference anew, or takes
    its record from the leaderboards at `take`. Where data and weights lie, `xlser.toml` and the
    environment state.
    """
    return _require_results_hold


def _require_results_hold(
    reference: str | Path = "reference", take: str | Path | None = None
) -> None:
    from xlser.regression import check

    cells = check.reference_cells(Path(reference))
    found = check.hold(cells, check.take(cells, Path(take)) if take else _now(cells))
    if not found.passed:
        pytest.fail(str(found), pytrace=False)


def _now(cells: "Sequence[Cell]") -> "list[Now]":
    from xlser.executors import Events
    from xlser.regression.rerun import rerun
    from xlser.settings import Settings

    return rerun(cells, Settings.gather(), lambda work, done, total: None, Events())
