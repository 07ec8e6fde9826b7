"""How figures, differences and ranks stand in the cells of a Markdown table."""

from collections import Counter
from collections.abc import Mapping, Sequence

from tabulate import tabulate

from xlser.leaderboards.board import Figure, Row
from xlser.leaderboards.paper import Printed
from xlser.runs import Role

DASH = "–"

FIGURES = {"ua": "UA %", "accuracy": "accuracy %"}
"""How figures of merit are called."""

SEES_ALL = "† sees every target train label."


def markdown_table(columns: Mapping[str, Sequence[str]], left: Sequence[str] = ()) -> str:
    """Return columns, by their titles, as a Markdown table; those named in `left` align left."""
    align = ["left" if title in left else "right" for title in columns]
    table: str = tabulate(columns, "keys", "pipe", disable_numparse=True, colalign=align)
    return table


def show(figure: Figure) -> str:
    """Return a figure as "70.0 ± 10.0", or "70.0" where there is a single seed."""
    return f"{figure.mean:.1f}{_spread(figure)}"


def show_difference(figure: Figure) -> str:
    """Return a difference over seeds as "+1.2 ± 0.4"."""
    return signed(figure.mean) + _spread(figure)


def _spread(figure: Figure) -> str:
    return "" if figure.spread is None else f" ± {figure.spread:.1f}"


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
    return signed(row.figures[role, "accuracy"].mean - printed.accuracy)


def competition_ranks(figures: Sequence[float]) -> list[str]:
    """Rank figures, highest first; those that print the same share a rank.

    >>> competition_ranks([71.31, 80.0, 71.26, 60.0])
    ['2=', '1', '2=', '4']
    """
    shown = [float(f"{figure:.1f}") for figure in figures]
    rank: dict[float, int] = {}
    for i, figure in enumerate(sorted(shown, reverse=True), start=1):
        rank.setdefault(figure, i)
    times = Counter(shown)
    return [f"{rank[own]}{'=' if times[own] > 1 else ''}" for own in shown]
