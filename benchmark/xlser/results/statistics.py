"""How sure the figures are: intervals, differences and groups, by resampling speakers.

Speakers are what a test set samples: utterances of one speaker succeed and fail together, and a
speaker tested under several seeds is still one speaker. docs/statistics.md tells the reasons and
measures the coverage.

scipy is imported where it is needed: it takes a second to load, and to plan a run needs none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb, sqrt
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from xlser.results.answers import Answers, Reals, TestSpeech

LEVEL = 0.05
"""Error rate of groups and of what is called separable, after Holm's correction."""

RESAMPLES = 2000
"""A standard error is known to 1.6 % of itself: 1 / sqrt(2 * resamples)."""

BINS = 15
"""Of the expected calibration error, as Guo et al. (2017) have it."""

_SEED = 0
_NOTHING = 1e-9  # percent; what is less is rounding

T = TypeVar("T")


@dataclass(frozen=True)
class Estimate:
    """A figure or a difference of two, and how sure it is.

    Attributes:
        value: percent.
        error: its standard error, percent; None where a single speaker tells nothing of it.
        freedom: degrees of freedom of the error.
        lowest: of all values there are: 0 for a figure, -100 for a difference.
    """

    value: float
    error: float | None
    freedom: float
    lowest: float = 0.0

    @classmethod
    def average(cls, estimates: Sequence["Estimate"]) -> "Estimate":
        """Return the mean of independent estimates (say, of languages).

        Its degrees of freedom are those of Welch (1947) and Satterthwaite (1946).
        """
        value = sum(estimate.value for estimate in estimates) / len(estimates)
        errors = [estimate.error for estimate in estimates if estimate.error is not None]
        lowest = estimates[0].lowest
        if len(errors) < len(estimates):
            return cls(value, None, 0.0, lowest)
        freedoms = [estimate.freedom for estimate in estimates]
        variance = sum(error**2 for error in errors)
        spread = sum(e**4 / freedom for e, freedom in zip(errors, freedoms, strict=True))
        freedom = variance**2 / spread if spread else sum(freedoms)
        return cls(value, sqrt(variance) / len(estimates), freedom, lowest)

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval, percent; None where speakers, one or all alike, tell nothing of it."""
        if self.error is None or (self.error == 0 and self.value != 0):
            return None
        from scipy.special import stdtrit

        half = float(stdtrit(self.freedom, 1 - LEVEL / 2)) * self.error
        return max(self.lowest, self.value - half), min(100.0, self.value + half)

    @property
    def p(self) -> float:
        """Two-sided p-value of the true value being nil, by Student's t.

        Where all speakers differ by the same, t is infinite and says too much: the sign test's
        p-value stands in, 2^(1 - speakers).
        """
        if self.error is None or self.value == 0:
            return 1.0
        if self.error == 0:
            return float(2.0**-self.freedom)
        from scipy.special import stdtr

        return 2 * float(stdtr(self.freedom, -abs(self.value) / self.error))


@dataclass(frozen=True, eq=False)
class Resampled:
    """A row's figure over resamples of its speakers, the same for all rows they tested.

    Attributes:
        speech: the row's test utterances.
        speakers: effective number of them (see `effective_speakers`).
        figure: over the speakers there are, percent.
        values: over each resample of them, percent, shape (resamples,); empty for one speaker.
    """

    speech: TestSpeech
    speakers: float
    figure: float
    values: Reals

    @cached_property
    def estimate(self) -> Estimate:
        """The figure, and how sure it is."""
        return _estimate(self.figure, self.values, self.speakers, lowest=0.0)

    def minus(self, other: "Resampled") -> Estimate:
        """Return by how much the figure is above another's, speakers paired.

        Of rows tested on different utterances the error is not known.
        """
        difference = self.figure - other.figure
        if self.speech is not other.speech:
            return Estimate(difference, None, 0.0, lowest=-100.0)
        return _estimate(difference, self.values - other.values, self.speakers, lowest=-100.0)


def _estimate(value: float, resampled: Reals, speakers: float, lowest: float) -> Estimate:
    """Return an estimate by the bootstrap.

    The variance over resamples of n speakers is (n - 1) / n of the one meant: 3 / 4 for four.
    """
    value = value if abs(value) > _NOTHING else 0.0
    if not len(resampled):
        return Estimate(value, None, 0.0, lowest)
    error = float(resampled.std()) * sqrt(speakers / (speakers - 1))
    return Estimate(value, error if error > _NOTHING else 0.0, speakers - 1, lowest)


def resample(answers: Sequence[Answers], figure: Literal["ua", "accuracy"]) -> list[Resampled]:
    """Resample the speakers of rows: those tested on the same utterances, on the same resamples.

    Args:
        answers: of the rows.
        figure: of merit.

    Returns:
        In the order of the rows.
    """
    together: dict[TestSpeech, list[int]] = {}
    for i, answer in enumerate(answers):
        together.setdefault(answer.speech, []).append(i)
    resampled: dict[int, Resampled] = {}
    for speech, rows in together.items():
        right = np.stack([answers[i].right for i in rows])
        recognised, total = _weights(speech, right, figure)
        speakers = effective_speakers(total)
        figures, values = bootstrap_speakers(recognised, total)
        for i, of_row, over in zip(rows, figures, values, strict=True):
            resampled[i] = Resampled(speech, speakers, float(of_row), over)
    return [resampled[i] for i in range(len(answers))]


def effective_speakers(total: Reals) -> float:
    """Return how many speakers of equal share would be as good a sample (Kish 1965).

    Shares are in the figure: a speaker who alone speaks a class has all of that class.

    Args:
        total: weight of what there is of each speaker, shape (speakers, parts).

    >>> effective_speakers(np.array([[1.0], [1.0], [1.0], [1.0]]))
    4.0
    """
    spoken = total[:, total.any(axis=0)]
    shares = (spoken / spoken.sum(axis=0)).mean(axis=1)
    return float(1 / (shares**2).sum())


def bootstrap_speakers(right: Reals, total: Reals) -> tuple[Reals, Reals]:
    """Compute figures over all speakers and over resamples of them (Efron 1979).

    A figure is the mean over parts (classes for UA, one for accuracy) of the share recognised.

    Args:
        right: weight of what each row recognises of each speaker, shape (rows, speakers, parts).
        total: weight of what there is, shape (speakers, parts).

    Returns:
        Figures, percent, shape (rows,), and those of each resample, shape (rows, resamples); no
        resamples of a single speaker.
    """
    rows, speakers, parts = right.shape
    by_speaker = right.transpose(1, 0, 2).reshape(speakers, rows * parts)

    def figures(drawn: npt.NDArray[np.int64], axis: int = -1) -> Reals:
        times = (drawn[..., None] == np.arange(speakers)).sum(axis=-2).astype(np.float64)
        there = times @ total
        # A part of which a resample holds nothing has no share and is left out of the mean.
        weight = np.divide(1.0, there, out=np.zeros_like(there), where=there > 0)
        weight *= 100 / np.count_nonzero(there, axis=-1, keepdims=True)
        recognised = (times @ by_speaker).reshape(*there.shape[:-1], rows, parts)
        return np.moveaxis(np.einsum("...rp,...p->...r", recognised, weight), -1, 0)

    everyone = np.arange(speakers)
    if speakers == 1:
        return figures(everyone), np.empty((rows, 0))
    from scipy.stats import bootstrap

    resampled = bootstrap(
        (everyone,),
        figures,
        n_resamples=RESAMPLES,
        vectorized=True,
        axis=-1,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    )
    return figures(everyone), np.asarray(resampled.bootstrap_distribution)


def _weights(
    speech: TestSpeech, right: npt.NDArray[np.bool_], figure: Literal["ua", "accuracy"]
) -> tuple[Reals, Reals]:
    """Weigh utterances so that every seed and part counts the same, as in a mean over seeds.

    Args:
        speech: the test utterances.
        right: whether each row recognises them, shape (rows, utterances).
        figure: of merit.

    Returns:
        `right` and `total` of `bootstrap_speakers`.
    """
    parts = speech.classes if figure == "ua" else 1
    part = speech.truth if figure == "ua" else np.zeros_like(speech.truth)
    group = speech.seed * parts + part
    weight = 1 / np.bincount(group)[group]
    cells = np.zeros((len(group), len(speech.speakers) * parts))
    cells[np.arange(len(group)), speech.speaker * parts + part] = weight
    recognised = (right @ cells).reshape(len(right), len(speech.speakers), parts)
    return recognised, cells.sum(axis=0).reshape(len(speech.speakers), parts)


def holm(ps: Sequence[float], comparisons: int | None = None) -> list[float]:
    """Adjust p-values for how many comparisons there are (Holm 1979).

    Args:
        ps: p-values.
        comparisons: how many there are, where these are only some of them.

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


def rank_groups(ranked: Sequence[T], difference: Callable[[T, T], Estimate]) -> list[int]:
    """Group what cannot be told from the best, then what cannot be told from the best of the rest.

    Which one is best was not known beforehand: any pair might have been compared, and Holm's
    correction is over all pairs.

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


def calibration_error(answers: Answers) -> float:
    """Return the expected calibration error, percent, over the utterances of all seeds.

    Utterances are binned by the probability of the predicted class, in bins of equal width, closed
    above; the error is the mean gap between that probability and the share recognised, weighted by
    the size of the bins (Guo et al. 2017, Equation 3).
    """
    bins = np.clip(np.ceil(answers.confidence * BINS) - 1, 0, BINS - 1).astype(np.int64)
    gaps = np.bincount(bins, weights=answers.confidence - answers.right)
    return float(100 * np.abs(gaps).sum() / len(bins))
