"""Estimates with standard errors, and corrections for many comparisons.

docs/statistics.md gives the reasons and measures the coverage. scipy takes a second to load, so it
is imported where it is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

LEVEL = 0.05
"""Error rate of groups and of what is called separable, after Holm's correction."""


@dataclass(frozen=True)
class Estimate:
    """A score or a difference of two scores, with its standard error.

    Attributes:
        value: percent.
        error: its standard error, percent; None for a single speaker.
        freedom: degrees of freedom of the error.
        lowest: smallest possible value: 0 for a score, -100 for a difference.
        highest: largest possible value.
    """

    value: float
    error: float | None
    freedom: float
    lowest: float = 0.0
    highest: float = 100.0

    @classmethod
    def average(cls, estimates: Sequence["Estimate"]) -> "Estimate":
        """Return the mean of independent estimates (say, of languages).

        Its degrees of freedom are those of Welch (1947) and Satterthwaite (1946).
        """
        value = sum(estimate.value for estimate in estimates) / len(estimates)
        errors = [estimate.error for estimate in estimates if estimate.error is not None]
        lowest, highest = estimates[0].lowest, estimates[0].highest
        if len(errors) < len(estimates):
            return cls(value, None, 0.0, lowest, highest)
        freedoms = [estimate.freedom for estimate in estimates]
        variance = sum(error**2 for error in errors)
        spread = sum(e**4 / freedom for e, freedom in zip(errors, freedoms, strict=True))
        freedom = variance**2 / spread if spread else sum(freedoms)
        return cls(value, sqrt(variance) / len(estimates), freedom, lowest, highest)

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval, percent; None for a single speaker, or if all speakers score the same."""
        if self.error is None or (self.error == 0 and self.value != 0):
            return None
        from scipy.special import stdtrit

        half = float(stdtrit(self.freedom, 1 - LEVEL / 2)) * self.error
        return max(self.lowest, self.value - half), min(self.highest, self.value + half)

    @property
    def p(self) -> float:
        """Two-sided p-value of the true value being 0, by Student's t.

        Where all speakers differ by the same amount, t is infinite and p would be 0: the p-value
        of the sign test stands in, 2^(1 - speakers).
        """
        if self.error is None or self.value == 0:
            return 1.0
        if self.error == 0:
            return float(2.0**-self.freedom)
        from scipy.special import stdtr

        return 2 * float(stdtr(self.freedom, -abs(self.value) / self.error))


def holm(ps: Sequence[float], comparisons: int | None = None) -> list[float]:
    """Adjust p-values for the number of comparisons (Holm 1979).

    Args:
        ps: p-values.
        comparisons: number of comparisons, if these are only some of them.

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
