"""Label shift: a classifier whose answers are corrected to the target's class frequencies."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from xlser.methods import Predictor, Task
from xlser.training import Twinned
from xlser_baselines._embeddings import Array, LinearPredictor, embeddings, known
from xlser_baselines.aligned_linear import Classes, Known, regression


@dataclass(frozen=True)
class Validated:
    """Class probabilities of source validation speech, shape (utterances, classes), and truth."""

    answers: Array
    emotion: Classes

    def confusion(self) -> Array:
        """Return the share of answers i to class j, shape (classes, classes)."""
        classes = self.answers.shape[1]
        confusion = np.eye(classes)  # of a class that nobody utters nothing is known
        for c in np.unique(self.emotion):
            own = self.answers[self.emotion == c].argmax(axis=1)
            confusion[:, c] = np.bincount(own, minlength=classes) / len(own)
        return confusion


def frequencies_of(labelled: Known, classes: int) -> Array:
    """Return class frequencies in training, shape (classes,), both languages weighing the same."""
    parts = [e for e in (labelled.source_emotion, labelled.target_emotion) if len(e)]
    shares = np.array([np.bincount(e, minlength=classes) / len(e) for e in parts])
    mean: Array = shares.mean(axis=0)
    return mean


class LabelShift(Twinned):
    """Logistic regression on source and labelled target, corrected to the target's frequencies.

    The frequencies come from unlabelled speech; p(c | x) is multiplied by frequency / frequency in
    training and normalised. Labelled target utterances weigh as much as the source in sum.
    Embeddings are standardised, each language by itself.
    """

    target_labels = "few"
    tracks = ("frozen",)
    standardisation = "language"
    penalty: float = 0.1

    @abstractmethod
    def frequencies(self, unlabelled: Array, training: Array, classifier: Validated) -> Array:
        """Return the class frequencies of unlabelled speech, shape (classes,).

        Args:
            unlabelled: class probabilities of unlabelled speech, shape (utterances, classes).
            training: class frequencies in training, shape (classes,).
            classifier: what it answers to source validation speech.
        """

    def fit(self, task: Task) -> Predictor:
        """Fit the classifier, then correct it."""
        standard = task.standardised(self.standardisation)
        visible, classes = self.visible(standard.task), len(task.classes)
        labelled = known(visible)
        plain = LinearPredictor(regression(labelled, self.penalty), np.ones(classes))
        task.progress(1, 1)
        if not len(visible.target_unlabelled):
            return standard.predictor(plain)
        validation = visible.source_validation
        answers = plain.probabilities(embeddings(validation.speech))
        validated = Validated(answers, validation.emotion.cpu().numpy())
        training = frequencies_of(labelled, classes)
        p = plain.probabilities(embeddings(visible.target_unlabelled))
        wanted = self.frequencies(p, training, validated)
        factor = np.where(training > 0, wanted / np.maximum(training, 1e-12), 0.0)
        return standard.predictor(LinearPredictor(plain.linear, factor))
