"""The tests of version 0.1, kept to be compared with: Student's t of each pair, Holm over pairs."""

from collections.abc import Sequence
from math import comb

from scipy.special import stdtr

from xlser.results import LEVEL, Estimate


def p(difference: Estimate) -> float:
    """Two-sided p-value of a difference being 0, by Student's t on its degrees of freedom."""
    if difference.error is None or difference.value == 0:
        return 1.0
    if difference.error == 0:
        return float(2.0**-difference.freedom)
    return 2 * float(stdtr(difference.freedom, -abs(difference.value) / difference.error))


def holm(ps: Sequence[float], comparisons: int | None = None) -> list[float]:
    """Adjust p-values for the number of comparisons, of which these may be only some (1979).

    >>> holm([0.04, 0.01, 0.03])
    [0.06, 0.03, 0.06]
    """
    left = comparisons or len(ps)
    adjusted = [0.0] * len(ps)
    highest = 0.0
    for i in sorted(range(len(ps)), key=ps.__getitem__):
        highest = max(highest, min(1.0, left * ps[i]))
        adjusted[i] = highest
        left -= 1
    return adjusted


def groups(to_best: Sequence[Estimate]) -> list[int]:
    """Group 1 for each method not separable from the best, after correction for all pairs; else 2.

    Args:
        to_best: the differences of the best to each other method.
    """
    ps = holm([p(each) for each in to_best], comparisons=comb(len(to_best) + 1, 2))
    return [2 if each <= LEVEL else 1 for each in ps]
