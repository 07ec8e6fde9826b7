"""Probabilities as whole levels from 0 to 255: a byte each, exact to score again."""

import numpy as np
import numpy.typing as npt

LEVELS = 255
"""Sum of the levels of an utterance."""

_NOT_ONE = 4e-3  # by which five probabilities of float16 may miss a sum of one

Levels = npt.NDArray[np.uint8]
"""Level of each class, shape (utterances, classes); each row sums to `LEVELS`."""


def sound(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Return which rows are finite, not negative and sum to 1.

    Args:
        probabilities: shape (utterances, classes).

    Returns:
        shape (utterances,).
    """
    values = probabilities.astype(np.float64)
    with np.errstate(invalid="ignore"):
        one = np.abs(values.sum(axis=1) - 1) <= _NOT_ONE
        finite = np.isfinite(values).all(axis=1) & (values >= 0).all(axis=1)
    return np.asarray(finite & one)


def to_levels(probabilities: npt.NDArray[np.floating]) -> Levels:
    """Round probabilities to levels that sum to exactly 255, by the largest remainder.

    Each class gets the whole part of 255 times its probability; what is left of 255 goes to the
    classes of the largest remainders, one level each, in class order among equal ones. So a more
    probable class never has a lower level, and the first of the largest has the highest.

    Args:
        probabilities: shape (utterances, classes); each row is sound.

    >>> to_levels(np.array([[0.5, 0.5, 0.0], [0.1, 0.2, 0.7]])).tolist()
    [[128, 127, 0], [26, 51, 178]]
    """
    values = probabilities.astype(np.float64)
    share = LEVELS * (values / values.sum(axis=1, keepdims=True))
    whole = np.floor(share)
    left = LEVELS - whole.sum(axis=1, keepdims=True)
    order = np.argsort(whole - share, axis=1, kind="stable")  # largest remainder first
    rank = np.argsort(order, axis=1, kind="stable")
    levels: Levels = (whole + (rank < left)).astype(np.uint8)
    return levels


def rows_off(levels: Levels, predicted: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Return which rows do not sum to 255, or predict a class that is not at their maximum.

    Args:
        levels: shape (utterances, classes).
        predicted: class index of each utterance, shape (utterances,).

    Returns:
        shape (utterances,).
    """
    chosen = np.take_along_axis(levels, predicted[:, None].astype(np.intp), axis=1)[:, 0]
    sums = levels.sum(axis=1, dtype=np.uint16)
    off: npt.NDArray[np.bool_] = (sums != LEVELS) | (chosen != levels.max(axis=1))
    return off
