"""What each speaker's utterances were recognised as: enough to compare any two rows of a page.

A page compares rows as `xlser compare` does, by the speakers' sums of the metric's statistics. For
metrics that count recognised utterances, overall or by class, these sums follow from one number a
speaker, class and weight.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from xlser.metrics import Metric
from xlser.results import Row
from xlser.results.predictions import TestUtterances

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"

COMPARED = ("ua", "accuracy")
"""Metrics that count recognised utterances: in each class, or in all."""


@dataclass(frozen=True, eq=False)
class TestSets:
    """Test utterances by what weighs the same: the speaker, the class and the weight.

    Attributes:
        utterances: of several seeds.
        metric: by which they are weighed.
    """

    __test__ = False  # not a test of pytest's

    utterances: TestUtterances
    metric: Metric

    @cached_property
    def _cells(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return each cell (speaker, part, 1 / weight), and the cell of each utterance."""
        test = self.utterances
        part = test.truth if self.metric.averages_classes else np.zeros_like(test.truth)
        group = test.seed * test.classes + part
        inverse_weight = np.bincount(group)[group]
        keys = np.stack([test.speaker, part, inverse_weight], axis=1)
        cells, cell = np.unique(keys, axis=0, return_inverse=True)
        return cells, cell.reshape(-1)

    def as_json(self, effective: float) -> dict[str, Any]:
        """Return the cells.

        Args:
            effective: number of speakers (`Resampled.speakers`).
        """
        cells, cell = self._cells
        return {
            "speakers": [name.partition("/")[2] for name in self.utterances.speakers],
            "corpora": [name.partition("/")[0] for name in self.utterances.speakers],
            "effective": round(effective, 6),
            "utterances": len(self.utterances.ids),
            "speaker": cells[:, 0].tolist(),
            "part": cells[:, 1].tolist(),
            "per": cells[:, 2].tolist(),
            "tested": np.bincount(cell).tolist(),
        }

    def recognised(self, row: Row) -> str:
        """Return how many utterances of each cell a row recognises, in digits of base 64.

        A cell has as many digits as its number of utterances.
        """
        _, cell = self._cells
        tested = np.bincount(cell)
        right = np.bincount(cell, row.predictions.right, len(tested)).astype(int)
        pairs = zip(right.tolist(), tested.tolist(), strict=True)
        return "".join(_in_digits(count, _length(of)) for count, of in pairs)


def _length(number: int) -> int:
    return 1 if number < 64 else 1 + _length(number // 64)


def _in_digits(number: int, length: int) -> str:
    return "".join(_DIGITS[number // 64**place % 64] for place in reversed(range(length)))
