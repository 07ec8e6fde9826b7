"""How much of a difference is the luck of trainings.

A run trains once and tests several speakers. What its training has by luck is common to all of
them, and an exchange of single speakers does not know of it. It shows in the speakers of one run,
who then differ from the mean together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from xlser.results.predictions import Indices, Reals


@dataclass(frozen=True)
class Spread:
    """The variance of differences, apart by what causes it.

    Attributes:
        speakers: of speakers, points squared.
        trainings: of what speakers of one run have in common; below 0 by chance.
    """

    speakers: float = 0.0
    trainings: float = 0.0

    @classmethod
    def of_mean(cls, spreads: Sequence["Spread"]) -> "Spread":
        """Return that of the mean of independent differences, such as those of languages."""
        return cls.pooled(spreads).over(len(spreads) ** 2)

    @classmethod
    def pooled(cls, spreads: Sequence["Spread"]) -> "Spread":
        """Return the sums over several differences."""
        return cls(sum(one.speakers for one in spreads), sum(one.trainings for one in spreads))

    def over(self, divisor: float) -> "Spread":
        """Return a part of both."""
        return Spread(self.speakers / divisor, self.trainings / divisor)

    @property
    def widening(self) -> float:
        """By which factor trainings widen the standard error of speakers; at least 1."""
        return sqrt(1 + max(0.0, self.trainings) / self.speakers) if self.speakers else 1.0


def spread(effects: Reals, weights: Reals, speaker: Indices, run: Indices) -> Spread:
    """Return the spread of differences on one target, added up over the differences.

    Two speakers of one run have its training in common, two of different runs nothing; the mean
    products of their deviations differ by the variance of trainings. It is the part of two-way
    clustered errors (Cameron et al. 2011) that clusters of speakers leave out.

    Args:
        effects: what a speaker adds to each difference in a run, percent, shape (differences,
            cells); a cell is a speaker in a run.
        weights: share of each cell in a score, shape (cells,); their sum is 1.
        speaker: of each cell, shape (cells,).
        run: of each cell, shape (cells,).
    """
    apart = effects - weights * effects.sum(axis=1, keepdims=True)
    of_speakers, within, between = _pairs(apart, speaker, run)
    _, weight_within, weight_between = _pairs(weights[None], speaker, run)
    speakers = int(speaker.max()) + 1
    if speakers < 2:
        return Spread()
    known = weight_between > 1e-12  # a single run does not show what its training has by luck
    trainings = within - weight_within / weight_between * between if known else 0.0
    return Spread(of_speakers * speakers / (speakers - 1), trainings)


def _pairs(values: Reals, speaker: Indices, run: Indices) -> tuple[float, float, float]:
    """Return sums of products: of speakers with themselves, with others of a run, and of others."""
    cells = float((values**2).sum())
    speakers, runs = (float((_added(values, group) ** 2).sum()) for group in (speaker, run))
    all_ = float((values.sum(axis=1) ** 2).sum())
    return speakers, runs - cells, all_ - speakers - runs + cells


def _added(values: Reals, group: Indices) -> Reals:
    added: Reals = values @ (group[:, None] == np.arange(group.max() + 1))
    return added
