"""A page compares as the suite does: the same resamples, the same exchanges, the same numbers."""

from pathlib import Path
from shutil import copytree
from typing import Any

import pandas as pd
import pytest

from xlser.leaderboards.explorer import explorer_page
from xlser.leaderboards.formatting import signed
from xlser.protocols import get_protocol
from xlser.results import load

_COMMITTED = Path(__file__).parents[3] / "leaderboards"
_TARGETS = ("italian", "bengali")  # few speakers, whose exchanges are all looked at, and many


@pytest.fixture(scope="module")
def v2(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("leaderboards")
    for target in _TARGETS:
        copytree(_COMMITTED / "v2" / "results" / target, folder / "v2" / "results" / target)
    return load(get_protocol("v2"), folder)


def test_differences_intervals_and_p_values_are_those_of_the_suite(
    v2: Any, open_page: Any, tmp_path: Path
) -> None:
    path = tmp_path / "index.html"
    path.write_text(explorer_page(v2), encoding="utf-8")
    (condition,) = {table.condition.slug for table in v2.tables()}
    page = open_page(path, f"#a=sft@{condition}&b=svm@{condition}")
    columns = {"cell": "Target", "difference": "Difference", "interval": "95 %", "p": "p"}
    cells = {name: page.cells(column, "table.differences") for name, column in columns.items()}
    shown = pd.DataFrame(cells).set_index("cell")
    frame = v2.compare("sft", "svm").frame
    assert len(frame) == len(shown) == 9
    for row in frame.itertuples():
        name = "Mean" if "+" in row.target else row.target.capitalize()
        own = shown.loc[f"{name} · {row.labels}"]
        assert own["difference"] == signed(row.difference)
        low, high = (f"{edge:.1f}".replace("-", "−") for edge in (row.low, row.high))
        assert own["interval"] == f"[{low}, {high}]"
        assert own["p"] == ("< 0.001" if row.p < 0.001 else f"{row.p:.3f}")


def test_the_same_records_give_the_same_bytes(v2: Any) -> None:
    assert explorer_page(v2) == explorer_page(v2)
