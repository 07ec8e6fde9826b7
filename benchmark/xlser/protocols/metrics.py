"""Figures of merit, always with the classes stated."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Classes = npt.NDArray[np.int64]
"""Class indices, shape (utterances,)."""


def confusion(truth: Classes, predicted: Classes, classes: int) -> npt.NDArray[np.int64]:
    """Return counts of shape (classes, classes): row = true class, column = predicted class."""
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
    counts = confusion(truth, predicted, classes)
    support = counts.sum(axis=1)
    present = support > 0
    return float(np.mean(np.diag(counts)[present] / support[present]))


@dataclass(frozen=True)
class Scores:
    """Both figures of one set of predictions, 0 to 1."""

    ua: float
    accuracy: float


def score(truth: Classes, predicted: Classes, classes: int) -> Scores:
    """Return both figures for one test set."""
    return Scores(unweighted_accuracy(truth, predicted, classes), accuracy(truth, predicted))


def majority_rate(truth: Classes) -> float:
    """Return the accuracy of always answering the most frequent true class."""
    return float(np.bincount(truth).max() / len(truth))
