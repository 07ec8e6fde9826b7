"""How sure a model is of some speech, and how right."""

from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from xlser.metrics.calibration import CalibrationError
from xlser.records.prediction import Frozen

Share = Annotated[float, Field(ge=0, le=1)]

DIGITS = 4
"""Decimals of a share."""


class Calibration(Frozen):
    """A model on speech of known classes."""

    utterances: int
    """How many there are."""
    accuracy: Share
    """Share recognised."""
    confidence: Share
    """Mean of the largest probability."""
    ece: Share
    """Expected calibration error, 15 bins of equal width."""

    @classmethod
    def of(
        cls, probabilities: npt.NDArray[np.float64], truth: npt.NDArray[np.int64]
    ) -> "Calibration":
        """Compare probabilities, shape (utterances, classes), with the true classes."""
        predicted = probabilities.argmax(axis=1)
        ece = CalibrationError()
        sums = ece.statistics(truth, predicted, probabilities, probabilities.shape[1]).sum(axis=0)
        return cls(
            utterances=len(truth),
            accuracy=round(float((predicted == truth).mean()), DIGITS),
            confidence=round(float(probabilities.max(axis=1).mean()), DIGITS),
            ece=round(float(ece.value(sums)), DIGITS),
        )
