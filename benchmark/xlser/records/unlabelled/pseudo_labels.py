"""The pseudo-labels a method learnt from, held against the true classes."""

from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from xlser.records.prediction import Frozen
from xlser.records.unlabelled.calibration import DIGITS, Share


class PseudoLabelling(Frozen):
    """The pseudo-labels a method learnt from, by quarter of its training."""

    kept: tuple[Share | None, ...]
    """Mean weight of an unlabelled utterance that was drawn; null where none was."""
    right: tuple[Share | None, ...]
    """Share of the kept weight that lies on true classes; null where nothing was kept."""
    right_of_all: tuple[Share | None, ...]
    """Share of all answers that are true, kept or not."""
    largest: tuple[Share | None, ...]
    """Share of the kept weight that lies on the class that has most."""

    @model_validator(mode="after")
    def _has_equal_parts(self) -> Self:
        if len({len(self.kept), len(self.right), len(self.right_of_all), len(self.largest)}) > 1:
            raise ValueError("figures of pseudo-labels are not for the same parts of a training")
        return self

    @classmethod
    def of(cls, sums: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> "PseudoLabelling":
        """Compare reported answers with the true classes.

        Args:
            sums: answers and their weights, shape (2, parts, utterances, classes).
            truth: shape (utterances,).
        """
        answers, weights = sums.astype(np.float64)
        which = np.arange(len(truth))
        drawn, kept = answers.sum(axis=(1, 2)), weights.sum(axis=(1, 2))
        return cls(
            kept=_shares(kept, drawn),
            right=_shares(weights[:, which, truth].sum(axis=1), kept),
            right_of_all=_shares(answers[:, which, truth].sum(axis=1), drawn),
            largest=_shares(weights.sum(axis=1).max(axis=1), kept),
        )


def _shares(
    parts: npt.NDArray[np.float64], of: npt.NDArray[np.float64]
) -> tuple[float | None, ...]:
    """Return parts / of, rounded; None where there is nothing."""
    return tuple(
        round(min(float(part / whole), 1.0), DIGITS) if whole > 0 else None
        for part, whole in zip(parts, of, strict=True)
    )
