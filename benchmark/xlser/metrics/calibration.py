"""How far probabilities can be trusted: expected calibration error and Brier score."""

from typing import ClassVar

import numpy as np

from xlser.metrics.metric import Classes, Metric, Reals, ratio

BINS = 15
"""Bins of the expected calibration error, as in Guo et al. (2017)."""


class CalibrationError(Metric):
    """Expected calibration error: mean gap between confidence and accuracy in bins of confidence.

    ECE = sum over bins b of |B_b| / n * |accuracy(B_b) - confidence(B_b)|, where the confidence of
    an utterance is the largest probability. The 15 bins are of equal width, closed above. Range 0
    to 1; lower is better.
    """

    name = "ece"
    title = "ECE"
    source = "Guo, Pleiss, Sun, Weinberger (2017), Equation 3"
    higher_is_better: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = True

    def statistics(
        self, truth: Classes, predicted: Classes, probabilities: Reals | None, classes: int
    ) -> Reals:
        """Return, by bin, confidence minus 1 if recognised; the last column is 1."""
        assert probabilities is not None  # `needs_probabilities`
        confidence = probabilities.max(axis=-1)
        bins = np.clip(np.ceil(confidence * BINS) - 1, 0, BINS - 1).astype(np.int64)
        gap = confidence - np.equal(predicted, truth)
        statistics = np.zeros((*gap.shape, BINS + 1))
        np.put_along_axis(statistics, bins[..., None], gap[..., None], axis=-1)
        statistics[..., -1] = 1
        return statistics

    def value(self, sums: Reals) -> Reals:
        """Return the sum of the absolute gaps of the bins / all."""
        return ratio(np.abs(sums[..., :-1]).sum(axis=-1), sums[..., -1])


class BrierScore(Metric):
    """Mean squared distance of the probabilities from the true class.

    Brier = mean over utterances of the sum over classes c of (p_c - [c is true])^2. Range 0 to 2;
    lower is better.
    """

    name = "brier"
    title = "Brier score"
    source = "Brier (1950). Verification of forecasts expressed in terms of probability"
    highest: ClassVar[float] = 2.0
    higher_is_better: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = True

    def statistics(
        self, truth: Classes, predicted: Classes, probabilities: Reals | None, classes: int
    ) -> Reals:
        """Return the squared distance of probabilities and truth, and 1."""
        assert probabilities is not None  # `needs_probabilities`
        squared = np.square(probabilities - np.eye(classes)[truth]).sum(axis=-1)
        return np.stack([squared, np.ones_like(squared)], axis=-1)

    def value(self, sums: Reals) -> Reals:
        """Return the mean."""
        return ratio(sums[..., 0], sums[..., 1])
