"""Ranks, and groups of rows that are not separable from each other."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import comb
from typing import TypeVar

from xlser.results.statistics import LEVEL, Estimate, holm

T = TypeVar("T")


def competition_ranks(scores: Sequence[float], higher_is_better: bool = True) -> list[str]:
    """Rank scores, best first; those that print the same share a rank.

    >>> competition_ranks([71.31, 80.0, 71.26, 60.0])
    ['2=', '1', '2=', '4']
    """
    shown = [float(f"{score:.1f}") for score in scores]
    rank: dict[float, int] = {}
    for i, score in enumerate(sorted(shown, reverse=higher_is_better), start=1):
        rank.setdefault(score, i)
    times = Counter(shown)
    return [f"{rank[own]}{'=' if times[own] > 1 else ''}" for own in shown]


def rank_groups(ranked: Sequence[T], difference: Callable[[T, T], Estimate]) -> list[int]:
    """Group all that is not separable from the best, then from the best of the rest, and so on.

    The best was not named beforehand, so any pair might have been compared: Holm's correction is
    over all pairs.

    Args:
        ranked: best first.
        difference: between two of them.

    Returns:
        The number of each one's group, from 1.
    """
    groups = [0] * len(ranked)
    left = list(range(len(ranked)))
    number = 0
    while left:
        number += 1
        best, *others = left
        ps = [difference(ranked[best], ranked[i]).p for i in others]
        adjusted = holm(ps, comparisons=comb(len(left), 2))
        separable = [i for i, p in zip(others, adjusted, strict=True) if p <= LEVEL]
        for i in set(left) - set(separable):
            groups[i] = number
        left = separable
    return groups
