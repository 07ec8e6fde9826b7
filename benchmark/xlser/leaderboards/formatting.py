"""Numbers as text."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from math import isnan

from xlser.errors import PluginError
from xlser.leaderboards.model import Column, Text
from xlser.methods import outlined_methods
from xlser.methods.provenance.owned import is_owned
from xlser.metrics import Metric
from xlser.results import LEVEL, Difference, Estimate, Line, Row, Score, adjusted_ps

DASH = "–"

_SEES_ALL = (
    "† trains on all labels of the target. It shows what more labels give that method; another "
    "kind of method can stand above it with fewer."
)
_RECONSTRUCTED = (
    "° reconstructed from its abstract and from what others say of it: its authors' own may differ."
)

SIGNIFICANT = "‡"
"""Marks a separable difference: its p-value, adjusted over the column, is at most 5 %."""

BELOW = "↓"
"""Marks a method that is separably below the first."""


def metric_title(metric: Metric) -> str:
    """Return the title of a metric's column, with the unit: "UA %"."""
    return f"{metric.title} %" if metric.highest == 1 else f"{metric.title} × 100"


def method_column(rows: Sequence[Row] | Sequence[Line]) -> Column:
    """Return the column of methods."""
    return Column("method", [named(row) for row in rows], "left")


def named(row: Row | Line) -> str:
    """Return a method as a row names it, with the marks that `footnotes` explain."""
    reconstructed = " °" if _is_reconstructed(row.name) else ""
    return row.method + reconstructed + (" †" if row.bound else "")


def footnotes(rows: Iterable[Row] | Iterable[Line]) -> list[str]:
    """Return what the marks behind names of methods mean, a sentence or two each."""
    shown: list[Row | Line] = list(rows)
    notes = [_SEES_ALL] if any(row.bound for row in shown) else []
    return notes + [_RECONSTRUCTED] * any(_is_reconstructed(row.name) for row in shown)


@cache
def _is_reconstructed(name: str) -> bool:
    """Return whether a method of this distribution was made without its authors' full text."""
    if not is_owned(name):
        return False
    method = outlined_methods([name])[name]
    return not isinstance(method, PluginError) and method.reconstructed


def show(score: Score) -> str:
    """Return a score as "70.0 ± 10.0", or "70.0" for a single seed."""
    if isnan(score.mean):
        return DASH
    return f"{score.mean:.1f}" + ("" if score.spread is None else f" ± {score.spread:.1f}")


def show_with_interval(score: Score, estimate: Estimate, digits: int = 1) -> str:
    """Return a score as "70.0 ± 10.0 [52.1, 87.9]", without an interval where there is none.

    Args:
        score: mean and spread over seeds, percent.
        estimate: with the interval over test speakers, percent.
        digits: of the interval, after the point.
    """
    beside = f" {show_interval(estimate, digits)}" if estimate.interval else ""
    return show(score) + beside


def show_interval(estimate: Estimate, digits: int = 1) -> str:
    """Return a 95 % interval as "[62.1, 75.3]"."""
    if estimate.interval is None:
        return DASH
    low, high = (f"{edge:.{digits}f}".replace("-", "−") for edge in estimate.interval)
    return f"[{low}, {high}]"


def show_difference(difference: Estimate) -> str:
    """Return a difference as "+1.2 [−0.4, 2.8]"."""
    return f"{signed(difference.value)} {show_interval(difference)}"


def show_differences(differences: Sequence[Difference]) -> list[str]:
    """Return the differences of a column, marked where they are separable among all of it."""
    return [*map(show_compared, differences, adjusted_ps(differences))]


def show_compared(difference: Difference, p: float) -> str:
    """Return a difference, marked where it is separable."""
    return show_difference(difference) + (f" {SIGNIFICANT}" if p <= LEVEL else "")


def signed(difference: float) -> str:
    """Return a difference with its sign: "+1.2", "−1.2", "0.0"."""
    text = f"{difference:+.1f}".replace("-", "−")
    return "0.0" if text[1:] == "0.0" else text


def show_seeds(row: Row) -> str:
    """Return the number of seeds of a row: "3", or "1 of 3" where some are missing.

    Where seeds have folds and some are missing: "7 of 9 folds".
    """
    if row.complete:
        return str(len(row.seeds))
    seeds = {seed for seed, _ in row.planned}
    folds = " folds" if len(row.planned) > len(seeds) else ""
    return f"{len(row.cells)} of {len(row.planned)}{folds}"


def columns(cells: Mapping[str, Sequence[Text]], left: Sequence[str] = ()) -> list[Column]:
    """Return columns by their titles; those named in `left` align left."""
    return [
        Column(title, of_column, "left" if title in left else "right")
        for title, of_column in cells.items()
    ]
