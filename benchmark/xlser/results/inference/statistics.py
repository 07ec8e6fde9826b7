"""Estimates with standard errors, and differences with p-values.

docs/statistics.md gives the reasons and measures the coverage. scipy takes a second to load, so it
is imported where it is needed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt

import numpy as np

from xlser.results.inference.exchange import adjusted
from xlser.results.inference.trainings import Spread
from xlser.results.predictions import Reals

LEVEL = 0.05
"""Error rate of what is called separable, over all comparisons of a column or table."""


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


@dataclass(frozen=True)
class Difference(Estimate):
    """A difference of two scores, whose p-value is that of the exchange of speakers.

    Attributes:
        effects: by speaker, what it adds to the difference; empty where speakers are not paired.
        spread: of the difference, over speakers and trainings.
    """

    effects: Mapping[str, float] = field(default_factory=dict, compare=False, repr=False)
    spread: Spread = field(default_factory=Spread, compare=False)

    @classmethod
    def average(cls, estimates: "Sequence[Difference]") -> "Difference":  # type: ignore[override]
        """Return the mean of several (say, of languages); a speaker of two is exchanged in both."""
        mean = Estimate.average(estimates)
        paired = all(difference.effects for difference in estimates)
        effects: dict[str, float] = {}
        for difference in estimates if paired else ():
            for speaker, effect in difference.effects.items():
                effects[speaker] = effects.get(speaker, 0.0) + effect / len(estimates)
        spread = Spread.of_mean([difference.spread for difference in estimates])
        return cls(**vars(mean), effects=effects, spread=spread)

    @cached_property
    def p(self) -> float:
        """Two-sided p-value of the true difference being 0, by exchange of speakers.

        Of n speakers it is 2^(1 - n) at least.
        """
        return adjusted_ps([self])[0]


def adjusted_ps(differences: Sequence[Difference]) -> list[float]:
    """Return p-values adjusted for the number of differences (see `exchange.adjusted`).

    Speakers that several differences share are exchanged in all of them at once. How much trainings
    widen the errors is estimated over all differences together.
    """
    speakers = list(dict.fromkeys(name for each in differences for name in each.effects))
    place = {name: i for i, name in enumerate(speakers)}
    effects: Reals = np.zeros((len(differences), len(speakers)))
    for row, difference in zip(effects, differences, strict=True):
        row[[place[name] for name in difference.effects]] = [*difference.effects.values()]
    return adjusted(effects, Spread.pooled([each.spread for each in differences]).widening)
