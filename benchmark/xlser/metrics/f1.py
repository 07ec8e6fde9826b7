"""Macro-averaged F1."""

import numpy as np

from xlser.metrics.metric import ConfusionMetric, Reals, ratio


class MacroF1(ConfusionMetric):
    """Mean over classes of F1 = 2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall.

    Range 0 to 1. A class without a true utterance is left out of the mean, as in UA; predictions
    of it are false negatives of the true class.
    """

    name = "macro-f1"
    title = "macro-F1"
    source = "van Rijsbergen (1979). Information Retrieval; mean over classes"

    def of_confusion(self, counts: Reals) -> Reals:
        """Return the mean over the classes that have true utterances."""
        right = np.diagonal(counts, axis1=-2, axis2=-1)
        true, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
        f1 = np.where(true > 0, ratio(2 * right, true + predicted), 0.0)
        return ratio(f1.sum(axis=-1), np.count_nonzero(true, axis=-1).astype(np.float64))
