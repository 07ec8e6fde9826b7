"""BBSE: class frequencies of the target from a confusion matrix."""

import numpy as np
from scipy.optimize import nnls

from xlser_baselines._embeddings import Array
from xlser_baselines._label_shift import LabelShift, Validated


class BBSE(LabelShift):
    """Black box shift estimation (Lipton et al. 2018, Section 4).

    If only class frequencies differ, the frequencies of the answers are the confusion matrix times
    those of the classes. That matrix is measured on source validation speech, and the equation
    solved by least squares without negative frequencies. Without validation speech nothing is
    corrected.
    """

    name = "bbse"
    family = "label shift"
    citation = "Lipton et al. (2018), Detecting and correcting for label shift, ICML"

    def frequencies(self, unlabelled: Array, training: Array, classifier: Validated) -> Array:
        """Return the class frequencies that explain the answers, by non-negative least squares."""
        if not len(classifier.emotion):
            return training
        answered = np.bincount(unlabelled.argmax(axis=1), minlength=len(training)) / len(unlabelled)
        solved, _ = nnls(classifier.confusion(), answered)
        return solved / solved.sum() if solved.sum() > 0 else training
