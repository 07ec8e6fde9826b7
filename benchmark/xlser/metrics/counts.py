"""Counts of predictions, and the two scores that every record states."""

from dataclasses import dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt

from xlser.metrics.metric import Classes

Counts = npt.NDArray[np.int64]
"""Utterances by true class (row) and predicted class (column), shape (classes, classes)."""


def confusion(truth: Classes, predicted: Classes, classes: int) -> Counts:
    """Count utterances by true and by predicted class.

    Args:
        truth: class indices, shape (utterances,).
        predicted: class indices, shape (utterances,).
        classes: number of classes.

    >>> confusion(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 0]), classes=2)
    array([[2, 1],
           [1, 0]])
    """
    flat = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes)


@dataclass(frozen=True)
class Scores:
    """The scores that a record states, 0 to 1; see the metrics of the same names."""

    ua: float
    accuracy: float


def score(truth: Classes, predicted: Classes, classes: int) -> Scores:
    """Return the scores of one test set.

    Args:
        truth: class indices, shape (utterances,).
        predicted: class indices, shape (utterances,).
        classes: number of classes.

    >>> score(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]), classes=2)
    Scores(ua=0.5, accuracy=0.75)
    """
    return score_confusion(confusion(truth, predicted, classes))


def score_confusion(counts: Counts) -> Scores:
    """Return the scores of a confusion matrix."""
    rows = counts.tolist()
    support = [sum(row) for row in rows]
    right = [row[i] for i, row in enumerate(rows)]
    recalls = [r / n for r, n in zip(right, support, strict=True) if n]
    return Scores(ua=fmean(recalls), accuracy=sum(right) / sum(support))


def majority_rate(truth: Classes) -> float:
    """Return the accuracy of always predicting the most frequent true class."""
    return float(np.bincount(truth).max() / len(truth))
