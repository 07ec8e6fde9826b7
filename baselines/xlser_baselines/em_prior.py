"""Prior correction: class frequencies of the target by expectation maximisation."""

import numpy as np

from xlser_baselines._embeddings import Array
from xlser_baselines._label_shift import LabelShift, Validated


class EMPrior(LabelShift):
    """Frequencies by expectation maximisation (Saerens et al. 2002, Eq. 2.9).

    Frequencies and corrected answers are computed in turn from each other, beginning with the
    frequencies in training, until the former stand still.
    """

    name = "em-prior"
    family = "label shift"
    citation = "Saerens et al. (2002), Adjusting the outputs of a classifier, Neural Computation"
    rounds: int = 1000

    def frequencies(self, unlabelled: Array, training: Array, classifier: Validated) -> Array:
        """Alternate between correcting the answers and averaging them (EM)."""
        wanted = training
        for _ in range(self.rounds):
            ratio = np.where(training > 0, wanted / np.maximum(training, 1e-12), 0.0)
            corrected = unlabelled * ratio
            corrected /= np.maximum(corrected.sum(axis=1, keepdims=True), 1e-300)
            before, wanted = wanted, corrected.mean(axis=0)
            if np.abs(wanted - before).max() < 1e-8:
                break
        return wanted
