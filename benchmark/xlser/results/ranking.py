"""Ranks."""

from collections import Counter
from collections.abc import Sequence


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
