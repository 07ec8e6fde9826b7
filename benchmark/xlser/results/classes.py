"""Runs of targets that lack classes, in the class indices of their protocol."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from xlser.records.prediction import Levels, Role
from xlser.records.runs_table import Runs, TestSet


def over_classes(runs: Runs, classes: Sequence[str]) -> Runs:
    """Return runs whose class indices are those of `classes`.

    A record has the classes of its target. Where they are fewer, a class that the target lacks has
    no test utterance and is predicted with probability 0.

    Args:
        runs: of one protocol.
        classes: of the protocol.
    """
    stated = {tuple(of) for of in runs.frame["classes"]}
    return runs if stated <= {tuple(classes)} else _Renumbered(runs, classes)


class _Renumbered(Runs):
    """Runs whose class indices are those of other classes."""

    def __init__(self, runs: Runs, classes: Sequence[str]) -> None:
        vars(self).update(vars(runs))
        self._count = len(classes)
        index = {name: i for i, name in enumerate(classes)}
        self._index = [tuple(index[name] for name in of) for of in self.frame["classes"]]

    def test_set(self, i: int, role: Role) -> TestSet:
        """Return the test utterances of run `i`."""
        return _renumbered(super().test_set(i, role), self._index[i])

    def predicted(self, i: int, role: Role) -> npt.NDArray[np.int8]:
        """Return the predicted class index of each test utterance, shape (utterances,)."""
        return np.array(self._index[i], np.int8)[super().predicted(i, role)]

    def levels(self, i: int, role: Role) -> Levels | None:
        """Return probabilities in 255ths, shape (utterances, classes); None for the source."""
        own = super().levels(i, role)
        if own is None:
            return None
        levels = np.zeros((len(own), self._count), own.dtype)
        levels[:, self._index[i]] = own
        return levels


@lru_cache(maxsize=1024)
def _renumbered(test_set: TestSet, index: tuple[int, ...]) -> TestSet:
    digits = str.maketrans({str(old): str(new) for old, new in enumerate(index)})
    return TestSet(test_set.utterances, test_set.emotion.translate(digits))
