"""Ranks, which methods are below the best, and which differences a table can find."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np

from xlser.results.inference.bootstrap import Resampled, effects_of_rows
from xlser.results.inference.exchange import (
    below_the_best,
    critical_differences,
    exchanged,
    least_p,
    rank_intervals,
)
from xlser.results.inference.statistics import LEVEL, Estimate
from xlser.results.inference.trainings import Spread
from xlser.results.predictions import Reals

POWER = 0.8
"""Probability with which the smallest detectable difference is found."""


@dataclass(frozen=True)
class Standing:
    """How sure the order of methods is that were tested on the same speakers.

    Attributes:
        below: by method, the p-value of being no worse than the best, adjusted for all methods.
        ranks: by method, the first and the last rank that it may have, 95 % for all at once.
        speakers: number of test speakers, of all targets.
        error: standard error of the difference of two methods over speakers and trainings, percent,
            the root mean square over all pairs; None if it is not known.
        named: smallest difference between two methods named beforehand that is separable with a
            probability of 80 %, percent; infinite if speakers are too few.
        against_one: the same for a method among all others, held against the reference; infinite
            where that is not among them as well.
        reliability: share of the variance between the methods' scores that is not noise, 0 to 1;
            None for fewer than three methods.
        by_trainings: share of the squared error that is the luck of trainings, 0 to 1.
    """

    below: Mapping[str, float]
    ranks: Mapping[str, tuple[int, int]]
    speakers: int
    error: float | None
    named: float
    against_one: float
    reliability: float | None
    by_trainings: float = 0.0

    @property
    def too_few(self) -> bool:
        """Whether there are too few speakers to find any two methods apart."""
        return least_p(self.speakers) > LEVEL

    @property
    def orders(self) -> bool:
        """Whether the rank of any method is known to be none of some."""
        return any(interval != (1, len(self.ranks)) for interval in self.ranks.values())

    @property
    def separable(self) -> tuple[str, ...]:
        """The methods that are separably below the best."""
        return tuple(method for method, p in self.below.items() if p <= LEVEL)


def standing(
    members: Mapping[str, Sequence[Resampled]], reference: str | None = None
) -> Standing | None:
    """Return how sure the order of methods is by their scores; None for a single method.

    Args:
        members: by method, its score on each target, over whose mean methods are compared. All
            are tested on the same utterances.
        reference: method that others are held against.
    """
    if len(members) < 2:
        return None
    rows = [*members.values()]
    scores = [sum(row.score for row in of) / len(of) for of in rows]
    effects, spread = effects_of(rows)
    if not rows[0][0].metric.higher_is_better:
        effects = -effects
    moved, widening = exchanged(effects), spread.widening
    below = dict(zip(members, below_the_best(effects, moved, widening), strict=True))
    best = int(effects.sum(axis=1).argmax())
    one = next((i for i, name in enumerate(members) if name == reference), best)
    difference = _typical_difference(rows, widening)
    above, moved_above = (np.delete(of, one, axis=0) - of[one] for of in (effects, moved))
    of_speakers = (difference.error or inf) / widening
    named, largest = critical_differences(above, moved_above, of_speakers, LEVEL)
    return Standing(
        below=below,
        ranks=dict(zip(members, rank_intervals(moved, LEVEL, widening), strict=True)),
        speakers=effects.shape[1],
        error=difference.error,
        by_trainings=1 - 1 / widening**2,
        named=_detectable(widening * named, difference),
        against_one=_detectable(widening * largest, difference) if reference in members else inf,
        reliability=_reliability(scores, difference.error),
    )


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


def effects_of(members: Sequence[Sequence[Resampled]]) -> tuple[Reals, Spread]:
    """Return what each speaker adds to each method's mean over targets, and its spread.

    Args:
        members: of each method, its score on each target.

    Returns:
        Percent, shape (methods, speakers); the spread of a difference of two methods, the mean
        over all pairs.
    """
    targets = list(zip(*members, strict=True))
    named = dict.fromkeys(name for rows in targets for name in rows[0].utterances.speakers)
    place = {name: i for i, name in enumerate(named)}
    effects: Reals = np.zeros((len(members), len(place)))
    spreads = []
    for rows in targets:
        own, spread = effects_of_rows(rows)
        effects[:, [place[name] for name in rows[0].utterances.speakers]] += own / len(targets)
        spreads.append(spread)
    return effects, Spread.of_mean(spreads)


def _typical_difference(members: Sequence[Sequence[Resampled]], widening: float) -> Estimate:
    """Return a difference of 0 whose error is the root mean square of that of all pairs.

    It is the error of the block design: what speakers have in common for all methods is taken out,
    and the variance that is left is pooled over the methods.
    """
    mean = Estimate.average([_typical_on_target(rows) for rows in zip(*members, strict=True)])
    return replace(mean, error=mean.error * widening) if mean.error is not None else mean


def _typical_on_target(rows: Sequence[Resampled]) -> Estimate:
    values = np.stack([row.values for row in rows])
    values = values[:, ~np.isnan(values).any(axis=0)]
    speakers = rows[0].speakers
    if not values.size:
        return Estimate(0, None, 0, -100)
    apart = values - values.mean(axis=0)
    variance = 2 * apart.var(axis=1).sum() / (len(rows) - 1) * speakers / (speakers - 1)
    return Estimate(0, sqrt(variance), speakers - 1, -100)


def _detectable(critical: float, difference: Estimate) -> float:
    """Return the difference that is seen as `critical` at least in 80 of 100 experiments."""
    from scipy.special import stdtrit  # scipy takes a second to load

    if difference.error is None or not critical < inf:
        return inf
    return critical + difference.error * float(stdtrit(difference.freedom, POWER))


def _reliability(scores: Sequence[float], error: float | None) -> float | None:
    between = float(np.var(scores, ddof=1))
    if error is None or len(scores) < 3 or not between:
        return None
    return max(0.0, 1 - error**2 / 2 / between)
