"""Figures of merit, always with the classes stated."""

from dataclasses import dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt

Classes = npt.NDArray[np.int64]
"""Class indices, shape (utterances,)."""


Counts = npt.NDArray[np.int64]
"""Utterances by true class (row) and predicted class (column), shape (classes, classes)."""


def confusion(truth: Classes, predicted: Classes, classes: int) -> Counts:
    """Count utterances by true and by predicted class."""
    flat = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes)


def accuracy(truth: Classes, predicted: Classes) -> float:
    """Return the share of utterances whose class is predicted, 0 to 1.

    The paper calls this figure "unweighted accuracy".

    >>> accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
    0.75
    """
    return float(np.mean(truth == predicted))


def unweighted_accuracy(truth: Classes, predicted: Classes, classes: int) -> float:
    """Return the mean of the per-class recalls (UA, also UAR or balanced accuracy), 0 to 1.

    A class without a single true utterance has no recall and is left out of the mean.

    >>> unweighted_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]), classes=2)
    0.5
    """
    return score_confusion(confusion(truth, predicted, classes)).ua


@dataclass(frozen=True)
class Scores:
    """Both figures of one set of predictions, 0 to 1."""

    ua: float
    accuracy: float


def score(truth: Classes, predicted: Classes, classes: int) -> Scores:
    """Return both figures for one test set."""
    return score_confusion(confusion(truth, predicted, classes))


def score_confusion(counts: Counts) -> Scores:
    """Return both figures for one test set, of which these are the counts."""
    rows = counts.tolist()
    support = [sum(row) for row in rows]
    right = [row[i] for i, row in enumerate(rows)]
    recalls = [r / n for r, n in zip(right, support, strict=True) if n]
    return Scores(ua=fmean(recalls), accuracy=sum(right) / sum(support))


def majority_rate(truth: Classes) -> float:
    """Return the accuracy of always answering the most frequent true class."""
    return float(np.bincount(truth).max() / len(truth))
