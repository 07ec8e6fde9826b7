"""How figures, differences and ranks stand in the cells of a Markdown table."""

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from xlser.leaderboards.paper import Printed
from xlser.records import Role
from xlser.results import LEVEL, Estimate, Row, Score, rank_groups

DASH = "–"

FIGURES = {"ua": "UA %", "accuracy": "accuracy %"}
"""How figures of merit are called."""

SEES_ALL = "† sees every target train label."

SEPARABLE = "‡"
"""Behind a difference that Holm's correction leaves below 5 %."""


def markdown_table(columns: Mapping[str, Sequence[str]], left: Sequence[str] = ()) -> str:
    """Return columns, by their titles, as a Markdown table; those named in `left` align left."""
    align = ["left" if title in left else "right" for title in columns]
    table: str = tabulate(columns, "keys", "pipe", disable_numparse=True, colalign=align)
    return table


def show(figure: Score) -> str:
    """Return a figure as "70.0 ± 10.0", or "70.0" where there is a single seed."""
    return f"{figure.mean:.1f}" + ("" if figure.spread is None else f" ± {figure.spread:.1f}")


def show_with_interval(figure: Score, estimate: Estimate, digits: int = 1) -> str:
    """Return a figure as "70.0 ± 10.0 [52.1, 87.9]"; where there is no interval, without."""
    beside = f" {show_interval(estimate, digits)}" if estimate.interval else ""
    return show(figure) + beside


def show_interval(estimate: Estimate, digits: int = 1) -> str:
    """Return a 95 % interval as "[62.1, 75.3]"."""
    if estimate.interval is None:
        return DASH
    low, high = (f"{edge:.{digits}f}".replace("-", "−") for edge in estimate.interval)
    return f"[{low}, {high}]"


def show_difference(difference: Estimate, p: float) -> str:
    """Return a difference as "+1.2 [−0.4, 2.8]", marked where its adjusted p is small enough."""
    mark = f" {SEPARABLE}" if p <= LEVEL else ""
    return f"{signed(difference.value)} {show_interval(difference)}{mark}"


def signed(difference: float) -> str:
    """Return a difference with its sign: "+1.2", "−1.2", "0.0"."""
    text = f"{difference:+.1f}".replace("-", "−")
    return "0.0" if text[1:] == "0.0" else text


def show_seeds(row: Row) -> str:
    """Return how many seeds a row has: "3", or "1 of 3" where some lack."""
    return str(len(row.seeds)) if row.complete else f"{len(row.seeds)} of {len(row.planned)}"


def show_printed(printed: Printed) -> str:
    """Return a figure in print and where: "60.56 (Table 3)"."""
    return f"{printed.text} ({printed.table})"


def above_printed(row: Row, role: Role, printed: Printed) -> str:
    """Return by how much our accuracy is above the one in print."""
    return signed(row.scores[role, "accuracy"].mean - printed.accuracy)


def inside(row: Row, printed: Printed) -> str:
    """Say whether the figure in print lies within our interval, where there is one."""
    interval = row.resampled.estimate.interval
    if interval is None:
        return DASH
    low, high = interval
    return "yes" if low <= printed.accuracy <= high else "no"


def group_numbers(ranked: Sequence[Row]) -> list[str]:
    """Return the groups of rows, best first, as they stand in a cell."""
    return [str(n) for n in rank_groups(ranked, lambda a, b: a.resampled.minus(b.resampled))]
