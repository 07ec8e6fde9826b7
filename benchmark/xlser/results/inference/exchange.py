"""Tests by exchange: of two equally good methods, either could have given each speaker's answers.

Two rows exchange all answers of a speaker, of every seed and label budget. Were they equally good,
each of the 2^speakers exchanges would have been as likely as what was seen (Fisher 1935). For a
metric that is a mean, an exchange flips the sign of the speaker's difference. Speakers of all
targets are exchanged, each by itself, so the test is stratified by target.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from math import inf, sqrt

import numpy as np

from xlser.metrics import Metric
from xlser.results.predictions import Reals

EXACT = 13
"""Largest number of speakers of which all exchanges are looked at."""

DRAWS = 10_000
"""Exchanges looked at where there are more speakers: a p-value of 5 % is known to 0.2 %."""

PRIOR = 10
"""Speakers whose worth the pooled variance of all comparisons has beside a comparison's own."""

_SEED = 0
_ROUNDING = 1e-9  # of a ratio near 1: equal ones differ in their last bits


def contributions(sums: Reals, metric: Metric) -> Reals:
    """Return what each group of answers adds to each method's score, around the methods' mean.

    The difference of two methods' contributions is what exchanging the group takes from one and
    gives to the other, halved: exactly for a metric whose denominators the truth gives, as those
    of UA and accuracy; to the first order for others.

    Args:
        sums: of the statistics, shape (methods, parts, groups, statistics). Parts are rows that
            a method's score is the mean of, such as label budgets; groups those of a speaker, or of
            a speaker in a run.
        metric: computed from them.

    Returns:
        Percent, shape (methods, groups); 0 where the metric is not defined.
    """
    middle = sums.sum(axis=2, keepdims=True).mean(axis=0)
    step = 1 / (2 * len(sums))  # the longest that leaves no sum below 0
    apart = step * (sums - sums.mean(axis=0))
    change = metric.value(middle + apart) - metric.value(middle - apart)
    found: Reals = np.nan_to_num(100 * change.mean(axis=1) / (2 * step))
    return found


def p_value(effects: Reals) -> float:
    """Return the two-sided p-value of a difference being 0.

    Args:
        effects: what each speaker adds to the difference, shape (speakers,).

    >>> p_value(np.array([2.0, 1.0, 3.0, 2.0]))  # one of eight exchanges moves it as far
    0.125
    """
    return adjusted(effects[None])[0]


def least_p(speakers: int) -> float:
    """Return the smallest p-value that so many speakers can give: two of 2^n exchanges.

    >>> least_p(4)
    0.125
    """
    return 2.0 ** (1 - max(1, speakers))


def adjusted(effects: Reals, widening: float = 1.0) -> list[float]:
    """Return the p-values of several differences, adjusted for their number.

    The largest ratio of a difference to its standard error is held against the largest over all
    differences under the same exchanges; then the next, among those left (max-T, step-down:
    Westfall and Young 1993). Differences that go together are corrected for less than by Holm.
    Of few speakers a standard error is itself noise, and the largest of many ratios is one with a
    small error by luck: it is drawn towards that of all differences (Smyth 2004). Exchanges leave
    it as it is, so the test stays exact.

    Args:
        effects: what each speaker adds to each difference, shape (differences, speakers).
        widening: by which factor standard errors are larger than those of speakers alone
            (`Spread.widening`); what is seen counts for less by it.
    """
    if not len(effects):
        return []
    ratios = _ratios(effects, _moderated(_squares(effects), effects.shape[1]))
    order = np.argsort(-ratios[:, 0], kind="stable")
    highest = np.maximum.accumulate(ratios[order[::-1]], axis=0)[::-1]
    ps = _share_reached(highest, ratios[order, 0] / widening)
    found = np.empty(len(order))
    found[order] = np.maximum.accumulate(ps)
    return [float(p) for p in found]


def exchanged(effects: Reals) -> Reals:
    """Return sums of the speakers' effects under all exchanges, shape (rows, exchanges).

    Args:
        effects: what each speaker adds to each score or difference, shape (rows, speakers).
    """
    moved: Reals = effects @ exchanges(effects.shape[1]).T
    return moved


def below_the_best(effects: Reals, moved: Reals, widening: float = 1.0) -> list[float]:
    """Return the p-values of methods being no worse than the best, adjusted for their number.

    The best was not named beforehand: its lead over a method is held against the largest lead of
    any method over any other that is not yet found to be below (max-T, step-down). Even where all
    are equally good, none is found to be below in 95 of 100 experiments; comparisons with the best
    after Hsu (1984) promise that of the best alone.

    Args:
        effects: what each speaker adds to each method's score, higher being better, shape
            (methods, speakers).
        moved: `exchanged` of them.
        widening: as of `adjusted`.

    Returns:
        One per method; 1 for the best.
    """
    if not len(effects):
        return []
    methods, speakers = effects.shape
    best = int(effects.sum(axis=1).argmax())
    pooled = _squares(effects - effects.mean(axis=0)).sum() * 2 / max(1, methods - 1)

    def scale(others: Sequence[int], than: int) -> Reals:
        return _moderated(_squares(effects[others] - effects[than]), speakers, pooled)

    leads = (moved[best, 0] - moved[:, 0]) / scale(range(methods), best) / widening
    rising = [best, *(int(i) for i in np.argsort(leads, kind="stable") if i != best)]
    moved = moved[rising]
    largest, space = np.zeros(moved.shape[1]), np.empty_like(moved)
    ps = np.ones(len(effects))
    for place, i in enumerate(rising[1:], start=1):
        ratios = np.subtract(moved[:place], moved[place], out=space[:place])
        np.abs(ratios, out=ratios)
        ratios /= scale(rising[:place], i)[:, None]
        np.maximum(largest, ratios.max(axis=0), out=largest)
        ps[i] = _share_reached(largest[None], leads[i : i + 1])[0]
    rising.reverse()
    ps[rising] = np.maximum.accumulate(ps[rising])
    ps[best] = 1.0
    return [float(p) for p in ps]


def rank_intervals(moved: Reals, level: float, widening: float = 1.0) -> list[tuple[int, int]]:
    """Return which ranks each method may have, 1 being the best, all of them at once.

    The lead of any method over any other is held against the largest under the same exchanges; a
    method is surely behind those whose lead over it is larger. If all are equally good, no rank is
    left out in at least 1 - `level` of experiments (Mogstad et al. 2024, with exchanges for the
    bootstrap).

    Args:
        moved: `exchanged` of what each speaker adds to each method's score, higher being better.
        level: error rate, over all pairs.
        widening: as of `adjusted`.
    """
    (edge,) = _edges((moved.max(axis=0) - moved.min(axis=0))[None], level)
    critical = widening * (edge - _ROUNDING)
    leads = moved[:, :1] - moved[:, 0]  # of the row over the column
    better, worse = (leads <= -critical).sum(axis=1), (leads >= critical).sum(axis=1)
    return [(1 + int(b), len(leads) - int(w)) for b, w in zip(better, worse, strict=True)]


def critical_differences(
    effects: Reals, moved: Reals, error: float, level: float
) -> tuple[float, float]:
    """Return from which difference on one is separable, percent.

    Args:
        effects: what each speaker adds to each difference, shape (differences, speakers).
        moved: `exchanged` of them.
        error: standard error of such a difference, percent.
        level: error rate.

    Returns:
        For one difference that was named beforehand, and for the largest of all. Infinite where
        the exchanges are too few for such a level.
    """
    speakers = effects.shape[1]
    squares = _squares(effects)
    own = error**2 * (speakers - 1) / speakers
    ratios = np.abs(moved)
    ratios /= _root(squares)[:, None]
    one = np.median(_edges(ratios, level))
    np.abs(moved, out=ratios)
    ratios /= _moderated(squares, speakers)[:, None]
    (largest,) = _edges(ratios.max(axis=0)[None], level)
    prior = PRIOR / speakers * squares.mean()
    return (
        _critical(float(one), own, speakers),
        _critical(float(largest), own + prior, speakers),
    )


@lru_cache(maxsize=64)
def exchanges(speakers: int) -> Reals:
    """Return the signs of the speakers' differences under exchanges, shape (exchanges, speakers).

    The first is what was seen: no exchange. Those that flip all signs of another are left out
    where all are listed: a two-sided test needs one of the two. The draws are fixed, so that the
    same records give the same pages.
    """
    if speakers > EXACT:
        drawn = np.random.default_rng(_SEED).choice([-1.0, 1.0], (DRAWS, speakers))
        return np.concatenate([np.ones((1, speakers)), drawn])
    half = [(1.0, *signs) for signs in product((1.0, -1.0), repeat=max(0, speakers - 1))]
    return np.array(half)[:, :speakers]


def _ratios(effects: Reals, scale: Reals) -> Reals:
    """Return how large differences are on their scale, shape (differences, exchanges)."""
    moved = exchanged(effects / scale[:, None])
    return np.abs(moved, out=moved)


def _squares(effects: Reals) -> Reals:
    """Return the sum of squares: the variance of a difference over its exchanges."""
    squares: Reals = (effects**2).sum(axis=1)
    return squares


def _moderated(squares: Reals, speakers: int, pooled: float | None = None) -> Reals:
    """Return standard errors drawn towards the pooled one, by default that of `squares`."""
    prior = squares.mean() if pooled is None else pooled
    return _root(squares + PRIOR / max(1, speakers) * prior)


def _root(squares: Reals) -> Reals:
    root: Reals = np.sqrt(squares)
    root[root <= _ROUNDING] = inf  # rows of the same answers differ by nothing
    return root


def _share_reached(moved: Reals, seen: Reals) -> Reals:
    """Return the share of exchanges that move a ratio at least as far as it is seen."""
    shares: Reals = (moved >= seen[:, None] - _ROUNDING).mean(axis=1)
    return shares


def _edges(ratios: Reals, level: float) -> Reals:
    """Return the smallest ratio that at most `level` of the exchanges reach; infinite if none.

    Args:
        ratios: shape (differences, exchanges).
        level: share of the exchanges.

    Returns:
        shape (differences,).
    """
    below = ratios.shape[1] - 1 - int(level * ratios.shape[1])
    parted = np.partition(ratios, below, axis=1)
    highest = parted[:, below + 1 :]
    beyond = highest > parted[:, below : below + 1] + _ROUNDING
    edges: Reals = np.where(beyond, highest, inf).min(axis=1, initial=inf)
    return edges


def _critical(ratio: float, squares: float, speakers: int) -> float:
    """Return the difference whose ratio is `ratio`: it adds to the squares that it is held against.

    Args:
        ratio: of the difference to the root of all squares.
        squares: without the difference's own.
        speakers: their number.
    """
    left = 1 - ratio**2 / speakers
    return ratio * sqrt(squares / left) if left > _ROUNDING else inf
