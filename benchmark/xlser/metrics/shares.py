"""Shares of the utterances whose class is predicted: accuracy, recalls and their mean."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from xlser.metrics.metric import Classes, Metric, Reals, ratio


class Accuracy(Metric):
    """Share of the utterances whose class is predicted.

    Range 0 to 1. Agarla et al. (2022) call it "unweighted accuracy".
    """

    name = "accuracy"
    title = "accuracy"
    source = "share of correct predictions; in SER often weighted accuracy, WA"

    def statistics(
        self, truth: Classes, predicted: Classes, probabilities: Reals | None, classes: int
    ) -> Reals:
        """Return 1 if the utterance is recognised, else 0; and 1."""
        recognised = np.equal(predicted, truth).astype(np.float64)
        return np.stack([recognised, np.ones_like(recognised)], axis=-1)

    def value(self, sums: Reals) -> Reals:
        """Return recognised / all."""
        return ratio(sums[..., 0], sums[..., 1])


class UnweightedAccuracy(Metric):
    """Mean of the recalls of the classes: UA, also UAR or balanced accuracy.

    Range 0 to 1. A class without a true utterance has no recall and is left out of the mean.
    """

    name = "ua"
    title = "UA"
    source = "Schuller, Steidl, Batliner (2009). The INTERSPEECH 2009 Emotion Challenge"
    averages_classes: ClassVar[bool] = True

    def statistics(
        self, truth: Classes, predicted: Classes, probabilities: Reals | None, classes: int
    ) -> Reals:
        """Return, by class: 1 if the utterance is of it and recognised; then 1 if it is of it."""
        there = np.eye(classes)[truth]
        recognised = np.equal(predicted, truth)[..., None] * there
        return np.concatenate([recognised, np.broadcast_to(there, recognised.shape)], axis=-1)

    def value(self, sums: Reals) -> Reals:
        """Return the mean over classes of recognised / there."""
        recognised, there = np.split(sums, 2, axis=-1)
        recalls = np.divide(recognised, there, out=np.zeros_like(there), where=there > 0)
        return ratio(recalls.sum(axis=-1), np.count_nonzero(there, axis=-1).astype(np.float64))


class Recall(Metric):
    """Share of the utterances of one class that are recognised; `recall-anger` and so on.

    Range 0 to 1; not defined without an utterance of the class.

    Attributes:
        index: of the class.
    """

    name = "recall"
    title = "recall"
    source = "true positives / (true positives + false negatives)"
    averages_classes: ClassVar[bool] = True

    def __init__(self, emotion: str, index: int) -> None:
        self.name = f"recall-{emotion}"
        self.title = f"recall of {emotion}"
        self.index = index

    @classmethod
    def for_classes(cls, classes: Sequence[str]) -> Sequence[Metric]:
        """Return one metric per class."""
        return tuple(cls(emotion, index) for index, emotion in enumerate(classes))

    def statistics(
        self, truth: Classes, predicted: Classes, probabilities: Reals | None, classes: int
    ) -> Reals:
        """Return 1 if an utterance of the class is recognised; and 1 if it is of the class."""
        there = np.broadcast_to(truth == self.index, predicted.shape)
        recognised = there & (predicted == self.index)
        return np.stack([recognised, there], axis=-1).astype(np.float64)

    def value(self, sums: Reals) -> Reals:
        """Return recognised / there."""
        return ratio(sums[..., 0], sums[..., 1])
