"""Which differences a table of methods can find, and how sure the order of its rows is."""

from collections.abc import Mapping
from math import isinf

from xlser.leaderboards.formatting import BELOW, DASH, columns
from xlser.leaderboards.model import Paragraph, TableModel
from xlser.results import Standing

NOT_ONE = "No method is separably below the first: the ranks are no evidence."


def show_ranks(standing: Standing | None, method: str, closing: str = "") -> str:
    """Return what stands behind a rank: the ranks a method may have, and whether it is below.

    Args:
        standing: of the table's methods; None for a single one.
        method: name, as the tables show it.
        closing: what ends the parentheses in which the rank stands.
    """
    low, high = standing.ranks[method] if standing and standing.orders else (0, 0)
    interval = f" [{low}–{high}]" if high else ""
    below = f" {BELOW}" if standing and method in standing.separable else ""
    return interval + closing + below


def standing_in_words(standing: Standing, reference: str | None, ranks: bool) -> Paragraph:
    """Return which differences a table can find, as a paragraph below it.

    Args:
        standing: of its rows.
        reference: the method that others are held against; None if the table lacks it.
        ranks: whether the rows have ranks.
    """
    if standing.too_few:
        few = f"{standing.speakers} speakers are too few to find any two methods apart"
        return Paragraph(f"{few}: the ranks are no evidence." if ranks else f"{few}.")
    text = []
    if not isinf(standing.named):
        against = ""
        if reference and not isinf(standing.against_one):
            others = len(standing.below) - 1
            against = f", and one of {others} from {reference} from {standing.against_one:.1f} on"
        text.append(
            f"Finds two methods named beforehand apart from {standing.named:.1f} points on"
            f"{against} (80 % power)."
        )
    if ranks:
        if standing.reliability is not None:
            text.append(f"Reliability of the ranking: {standing.reliability:.2f}.")
        names = ", ".join(standing.separable)
        text.append(f"{BELOW} Separably below the first: {names}." if names else NOT_ONE)
    return Paragraph(" ".join(text))


def standings_table(standings: Mapping[str, Standing], reference: str | None) -> TableModel:
    """Return which differences the columns of a table can find, a row each.

    Args:
        standings: by the title of the column.
        reference: the method that others are held against.
    """
    each = standings.values()
    against = [_points(of.against_one) for of in each]
    cells = {
        "": [*standings],
        "methods": [str(len(of.below)) for of in each],
        "speakers": [str(of.speakers) for of in each],
        "error of a difference": [DASH if of.error is None else f"{of.error:.1f}" for of in each],
        "of its variance by trainings": [f"{100 * of.by_trainings:.0f} %" for of in each],
        "finds a named pair from": [_points(of.named) for of in each],
        **({f"finds one from {reference} from": against} if reference else {}),
        "reliability of ranks": [
            DASH if of.reliability is None else f"{of.reliability:.2f}" for of in each
        ],
        "separably below the first": [str(len(of.separable)) for of in each],
    }
    return TableModel(columns(cells, [""]))


def _points(difference: float) -> str:
    return DASH if isinf(difference) else f"{difference:.1f}"
