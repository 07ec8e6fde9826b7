"""What methods that fit classifiers to frozen embeddings share."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import softmax
from torch import Tensor

from xlser.methods import Speech, Task
from xlser_baselines.aligned_linear import Known, Linear

Array = npt.NDArray[np.float64]


def embeddings(speech: Speech) -> Array:
    """Return embeddings, shape (utterances, dimension)."""
    return speech.features.cpu().numpy().astype(np.float64)


def known(task: Task) -> Known:
    """Return the labelled speech of a task."""
    source, target = task.source, task.target_labelled
    return Known(
        embeddings(source.speech),
        embeddings(target.speech),
        source.emotion.cpu().numpy(),
        target.emotion.cpu().numpy(),
    )


@dataclass(frozen=True)
class LinearPredictor:
    """A linear classifier, its answers multiplied by class and normalised.

    Attributes:
        linear: the classifier.
        factor: of each class of the task, shape (classes,); those that it never saw have no say.
    """

    linear: Linear
    factor: Array

    def probabilities(self, x: Array) -> Array:
        """Return class probabilities, shape (utterances, classes), of embeddings."""
        logits = x @ self.linear.weights + self.linear.bias
        p = np.zeros((len(x), len(self.factor)))
        p[:, self.linear.classes] = softmax(logits, axis=1)
        p *= self.factor
        total = p.sum(axis=1, keepdims=True)
        # Where no class is left, as where all mass is on one that the target does not have.
        return np.where(total > 0, p / np.maximum(total, 1e-300), 1 / len(self.factor))

    def predict(self, speech: Speech) -> Tensor:
        """Return class probabilities, shape (utterances, classes)."""
        return torch.from_numpy(self.probabilities(embeddings(speech))).float()
