"""Resampling over speakers: one mechanism for every metric.

Speakers are what a test set samples: utterances of one speaker succeed and fail together, and a
speaker tested under several seeds is still one speaker.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import sqrt

import numpy as np

from xlser.metrics import Metric
from xlser.results.inference import exchange
from xlser.results.inference.statistics import Difference, Estimate
from xlser.results.inference.trainings import Spread, spread
from xlser.results.predictions import (
    Indices,
    Reals,
    RowPredictions,
    TestUtterances,
    mean_defined,
    sums_by,
)
from xlser.system.kept import kept

RESAMPLES = 2000
"""A standard error is known to 1.6 % of itself: 1 / sqrt(2 * resamples)."""

_SEED = 0
_ROUNDING = 1e-9  # percent; smaller values are rounding errors
_AT_ONCE = 1 << 19  # numbers held at once: 4 MiB, which caches hold


@dataclass(frozen=True, eq=False)
class Resampled:
    """A row's score over resamples of its speakers, the same for all rows that tested them.

    Attributes:
        utterances: the row's test utterances.
        speakers: effective number of speakers (see `effective_speakers`).
        score: over the speakers there are, percent: the mean over seeds.
        values: over each resample of them, percent, shape (resamples,); empty for one speaker.
        metric: of the score.
        sums: of its statistics by cell of `utterances.cells`, shape (parts, cells, statistics):
            one part per row of the mean.
    """

    utterances: TestUtterances
    speakers: float
    score: float
    values: Reals
    metric: Metric
    sums: Reals

    @cached_property
    def estimate(self) -> Estimate:
        """The score with its standard error."""
        lowest, highest = 100 * self.metric.lowest, 100 * self.metric.highest
        return _estimate(self.score, self.values, self.speakers, lowest, highest)

    @kept
    def minus(self, other: "Resampled") -> Difference:
        """Return the difference to another score, speakers paired.

        Of rows tested on different utterances the error is not known.

        Args:
            other: the mean of as many rows.
        """
        difference = self.score - other.score
        width = 100 * (self.metric.highest - self.metric.lowest)
        if self.utterances is not other.utterances:
            return Difference(difference, None, 0.0, -width, width)
        values = self.values - other.values
        estimate = _estimate(difference, values, self.speakers, -width, width)
        (own, others), spread = effects_of_rows([self, other])
        effects = dict(zip(self.utterances.speakers, (own - others).tolist(), strict=True))
        return Difference(**vars(estimate), effects=effects, spread=spread)


def effects_of_rows(rows: Sequence[Resampled]) -> tuple[Reals, Spread]:
    """Return what each speaker adds to each row's score, around the mean of the rows.

    Args:
        rows: tested on the same utterances.

    Returns:
        Percent, shape (rows, speakers); the spread of a difference of two rows, the mean over all
        pairs.
    """
    utterances, metric = rows[0].utterances, rows[0].metric
    cells = utterances.cells
    by_cell = exchange.contributions(np.stack([row.sums for row in rows]), metric)
    speakers = len(utterances.speakers)
    sums = [np.bincount(cells.speaker, of_row, speakers) for of_row in by_cell]
    apart = by_cell - by_cell.mean(axis=0)
    over = spread(apart, _shares_of_cells(utterances, metric), cells.speaker, cells.run)
    return np.stack(sums).astype(np.float64), over.over((len(rows) - 1) / 2)


@lru_cache(maxsize=64)
def _shares_of_cells(utterances: TestUtterances, metric: Metric) -> Reals:
    return shares(weights_by(utterances.cells.of, utterances, metric))


def mean_of(rows: Sequence[Resampled]) -> Resampled:
    """Return the mean score of rows that were tested on the same utterances."""
    if len(rows) == 1:
        return rows[0]
    return replace(
        rows[0],
        score=sum(row.score for row in rows) / len(rows),
        values=np.mean([row.values for row in rows], axis=0),
        sums=np.concatenate([row.sums for row in rows]),
    )


def _estimate(
    value: float, resampled: Reals, speakers: float, lowest: float, highest: float
) -> Estimate:
    """Return an estimate by the bootstrap.

    The variance over resamples of n speakers is (n - 1) / n of the one meant: 3 / 4 for four.
    Resamples in which the metric is not defined (no utterance of a class, say) are left out.
    """
    value = 0.0 if abs(value) <= _ROUNDING else value
    defined = resampled[~np.isnan(resampled)]
    if not len(defined):
        return Estimate(value, None, 0.0, lowest, highest)
    error = float(defined.std()) * sqrt(speakers / (speakers - 1))
    error = error if error > _ROUNDING else 0.0
    return Estimate(value, error, speakers - 1, lowest, highest)


def resample(rows: Sequence[RowPredictions], metric: Metric) -> list[Resampled]:
    """Resample the speakers of rows: those tested on the same utterances, on the same resamples.

    Args:
        rows: predictions of each.
        metric: of the scores.

    Returns:
        In the order of the rows.
    """
    together: dict[TestUtterances, list[int]] = {}
    for i, row in enumerate(rows):
        together.setdefault(row.utterances, []).append(i)
    resampled: dict[int, Resampled] = {}
    for utterances, members in together.items():
        speakers = effective_speakers(weights_by(utterances.speaker, utterances, metric))
        found = _bootstrap(utterances, [rows[i] for i in members], metric)
        for i, score, over, sums in zip(members, *found, strict=True):
            own = sums[None]
            resampled[i] = Resampled(utterances, speakers, float(score), over, metric, own)
    return [resampled[i] for i in range(len(rows))]


def effective_speakers(weights: Reals) -> float:
    """Return how many speakers of equal share would be as good a sample (Kish 1965).

    Args:
        weights: of each speaker, shape (speakers, parts); parts are the classes where the metric
            averages over them.

    >>> effective_speakers(np.array([[1.0], [1.0], [1.0], [1.0]]))
    4.0
    """
    return float(1 / (shares(weights) ** 2).sum())


def shares(weights: Reals) -> Reals:
    """Return the share of each speaker in a score: the only one of a class has all of that class.

    Args:
        weights: as of `effective_speakers`.

    Returns:
        shape (speakers,); their sum is 1.
    """
    there = weights[:, weights.any(axis=0)]
    own: Reals = (there / there.sum(axis=0)).mean(axis=1)
    return own


def weights_by(group: Indices, utterances: TestUtterances, metric: Metric) -> Reals:
    """Return the weight of each group of utterances, by class where the metric averages over these.

    Args:
        group: of each utterance, from 0: its speaker, or its cell.
        utterances: of a test set.
        metric: of the score.

    Returns:
        shape (groups, classes), or (groups, 1).
    """
    parts = utterances.classes if metric.averages_classes else 1
    part = utterances.truth if metric.averages_classes else np.zeros_like(utterances.truth)
    size = (int(group.max()) + 1) * parts
    weights = np.bincount(group * parts + part, _weights(utterances, metric), size)
    by_part: Reals = weights.astype(np.float64).reshape(-1, parts)
    return by_part


def bootstrap_speakers(sums: Reals, metric: Metric) -> Reals:
    """Compute a metric over resamples of the speakers (Efron 1979).

    Args:
        sums: of each row's statistics by speaker, shape (rows, speakers, statistics).
        metric: what is computed from them.

    Returns:
        Percent, shape (rows, resamples); no resamples of a single speaker.
    """
    rows, speakers, statistics = sums.shape
    if speakers == 1:
        return np.empty((rows, 0))
    by_speaker = sums.transpose(1, 0, 2).reshape(speakers, rows * statistics)
    resampled = (_times_drawn(speakers) @ by_speaker).reshape(-1, rows, statistics)
    return np.ascontiguousarray(100 * metric.value(resampled).T)


def _bootstrap(
    utterances: TestUtterances, rows: Sequence[RowPredictions], metric: Metric
) -> tuple[Reals, Reals, Reals]:
    """Return scores of rows of the same test utterances, of resamples, and sums by cell."""
    cells = utterances.cells
    weights = _weights(utterances, metric)[:, None]
    scores, values, sums = [], [], []
    for statistics in _statistics(utterances, rows, metric):
        scores.append(100 * mean_defined(metric.value(sums_by(utterances.seed, statistics))))
        sums.append(sums_by(cells.of, weights * statistics))
        values.append(bootstrap_speakers(sums_by(cells.speaker, sums[-1]), metric))
    return np.concatenate(scores), np.concatenate(values), np.concatenate(sums)


def _statistics(
    utterances: TestUtterances, rows: Sequence[RowPredictions], metric: Metric
) -> Iterator[Reals]:
    """Yield the statistics of some rows at a time, shape (rows, utterances, statistics)."""
    done, at_once = 0, 1
    while done < len(rows):
        some = rows[done : done + at_once]
        statistics = metric.statistics(
            utterances.truth,
            np.stack([row.predicted for row in some]),
            np.stack([row.probabilities for row in some]) if metric.needs_probabilities else None,
            utterances.classes,
        )
        yield statistics
        done += len(some)
        numbers = max(len(utterances.truth), RESAMPLES) * statistics.shape[-1]
        at_once = max(1, _AT_ONCE // numbers)


def _weights(utterances: TestUtterances, metric: Metric) -> Reals:
    """Weigh utterances so that every seed counts the same, within each class or as a whole."""
    group = utterances.seed
    if metric.averages_classes:
        group = group * utterances.classes + utterances.truth
    weights: Reals = 1 / np.bincount(group)[group]
    return weights


@lru_cache(maxsize=64)
def _times_drawn(speakers: int) -> Reals:
    """Return how many times each resample holds each speaker, shape (resamples, speakers).

    The draws are fixed, so the same records give the same pages.
    """
    drawn = np.random.default_rng(_SEED).integers(0, speakers, (RESAMPLES, speakers))
    times: Reals = (drawn[..., None] == np.arange(speakers)).sum(axis=-2).astype(np.float64)
    return times
