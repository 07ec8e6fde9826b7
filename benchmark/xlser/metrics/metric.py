"""What a metric states so that it can be computed, ranked by and resampled over speakers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import isqrt
from typing import ClassVar

import numpy as np
import numpy.typing as npt

Classes = npt.NDArray[np.integer]
"""Class indices, shape (..., utterances)."""

Reals = npt.NDArray[np.float64]


class Metric(ABC):
    """A number computed from the predictions for a test set.

    It is a function of sums of statistics of single utterances. Sums can be weighted and
    resampled, so one bootstrap over speakers serves every metric.

    Attributes:
        name: as registered in the entry-point group `xlser.metrics`.
        title: for the heads of columns.
        source: publication or definition.
        lowest: smallest possible value.
        highest: largest possible value.
        higher_is_better: whether a larger value is the better one.
        averages_classes: whether it averages over true classes. Where the test sets of several
            seeds are pooled, each seed then weighs the same within each class, else as a whole.
        needs_probabilities: whether the predicted classes alone do not suffice.
    """

    name: str
    title: str
    source: str
    lowest: ClassVar[float] = 0.0
    highest: ClassVar[float] = 1.0
    higher_is_better: ClassVar[bool] = True
    averages_classes: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = False

    @classmethod
    def for_classes(cls, classes: Sequence[str]) -> "Sequence[Metric]":
        """Return the metrics that this class stands for: one, unless it is one per class.

        Args:
            classes: names of the emotions, in the order of the class indices.
        """
        return (cls(),)

    @abstractmethod
    def statistics(
        self, truth: Classes, predicted: Classes, probabilities: Reals | None, classes: int
    ) -> Reals:
        """Return the statistics of each utterance, shape (..., utterances, statistics).

        Args:
            truth: true class indices, shape (utterances,).
            predicted: class indices, shape (..., utterances); leading axes are runs.
            probabilities: of each class, 0 to 1, shape (..., utterances, classes); None where
                the record holds the predicted classes alone.
            classes: number of classes.
        """

    @abstractmethod
    def value(self, sums: Reals) -> Reals:
        """Return the metric, shape (...); NaN where it is not defined.

        Args:
            sums: of the statistics, possibly weighted, shape (..., statistics).
        """

    def compute(
        self,
        truth: Classes,
        predicted: Classes,
        classes: int,
        probabilities: Reals | None = None,
    ) -> float:
        """Return the metric of one test set.

        Args:
            truth: true class indices, shape (utterances,).
            predicted: class indices, shape (utterances,).
            classes: number of classes.
            probabilities: of each class, shape (utterances, classes), if the metric needs them.
        """
        statistics = self.statistics(truth, predicted, probabilities, classes)
        return float(self.value(statistics.sum(axis=-2)))


class ConfusionMetric(Metric):
    """A metric of the confusion matrix: a subclass states its facts and `of_confusion`."""

    def statistics(
        self, truth: Classes, predicted: Classes, probabilities: Reals | None, classes: int
    ) -> Reals:
        """Return the confusion matrix of each utterance, flattened: a one in its cell."""
        cell = np.asarray(truth, np.int64) * classes + predicted
        ones: Reals = np.eye(classes * classes)[cell]
        return ones

    def value(self, sums: Reals) -> Reals:
        """Return the metric of each confusion matrix."""
        classes = isqrt(sums.shape[-1])
        return self.of_confusion(sums.reshape(*sums.shape[:-1], classes, classes))

    @abstractmethod
    def of_confusion(self, counts: Reals) -> Reals:
        """Return the metric, shape (...); NaN where it is not defined.

        Args:
            counts: utterances by true class (row) and predicted class (column), possibly
                weighted, shape (..., classes, classes).
        """


def ratio(numerator: Reals, denominator: Reals) -> Reals:
    """Divide; NaN where the denominator is 0."""
    undefined = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    np.divide(numerator, denominator, out=undefined, where=denominator > 0)
    return undefined
