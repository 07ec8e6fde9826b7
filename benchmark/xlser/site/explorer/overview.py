"""All scores as tables that need no script: one row per method, one column per target."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from xlser.leaderboards.formatting import BELOW, DASH
from xlser.site.explorer.numbers import Content


class Grid(NamedTuple):
    """A table.

    Attributes:
        title: condition and label budget.
        columns: mean over targets, if there is one, and targets.
        rows: a method and its cells.
    """

    title: str
    columns: list[str]
    rows: list[tuple[str, list[str]]]


def overview(content: Content) -> list[Grid]:
    """Return one table per condition and label budget."""
    targets = [target["name"] for target in content["targets"]]
    every = [*content["means"], *content["rows"]]
    budgets = sorted({row["labels"] for row in content["rows"]}, key=_rising)
    grids = []
    for number, condition in enumerate(content["conditions"]):
        for labels in budgets:
            own = [r for r in every if r["condition"] == number and r["labels"] == labels]
            if own:
                title = f"{condition['title']}; {labels} labels"
                grids.append(_grid(content, title, own, targets))
    return grids


def _grid(content: Content, title: str, rows: Sequence[Content], targets: Sequence[str]) -> Grid:
    of_target: dict[str, dict[int, Content]] = {}
    for row in rows:
        of_target.setdefault(row["target"], {})[row["method"]] = row
    shown = [target for target in ("", *targets) if target in of_target]
    methods = dict.fromkeys(method for target in shown for method in of_target[target])
    return Grid(
        title,
        [target.capitalize() or "Mean" for target in shown],
        [
            (
                content["methods"][method]["title"],
                [_cell(of_target[target].get(method)) for target in shown],
            )
            for method in methods
        ],
    )


def _cell(row: Content | None) -> str:
    """Return "58.1 [55.2, 61.0] 3 ↓": score, interval, rank."""
    if row is None or row["score"] is None:
        return DASH
    parts = [f"{row['score']:.1f}"]
    if row["interval"]:
        parts.append("[{:.1f}, {:.1f}]".format(*row["interval"]))
    if row["rank"]:
        parts.append(f"({row['rank']})")
    if row.get("below"):
        parts.append(BELOW)
    return " ".join(parts)


def _rising(labels: Any) -> float:
    return float("inf") if labels == "all" else labels
