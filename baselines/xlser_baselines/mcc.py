"""MCC: answers that do not confuse classes."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.training import HALF_TARGET, GradientMethod, Step, entropy, in_float32, together


class MCC(GradientMethod):
    """Minimum class confusion (Jin et al. 2020, Section 3).

    Answers to unlabelled speech, softened with T 2.5 and weighted by certainty, make a class
    correlation matrix; its mass off the diagonal, rows normalised, is the loss, trade-off 1.
    """

    name = "mcc"
    family = "entropy"
    target_labels = "few"
    citation = "Jin et al. (2020), Minimum class confusion for versatile domain adaptation, ECCV"
    shares = HALF_TARGET
    temperature: float = 2.5

    def loss(self, step: Step) -> Tensor:
        """Return emotion loss plus class confusion."""
        parts = (step.labelled.speech, step.unlabelled.speech)
        labelled, unlabelled = together(self.model, *parts)
        emotion = cross_entropy(labelled, step.labelled.emotion)
        if not len(unlabelled):
            return emotion
        return emotion + class_confusion(unlabelled / self.temperature)


@in_float32
def class_confusion(logits: Tensor) -> Tensor:
    """Return the mean off-diagonal mass of a row of the class correlation, 0 to 1.

    0 where all classes are answered with certainty, 1 - 1 / classes where all answers are uniform.

    Args:
        logits: divided by the temperature, shape (batch, classes).
    """
    p = logits.softmax(dim=1)
    certainty = 1 + torch.exp(-entropy(logits.detach()))
    weight = len(logits) * certainty / certainty.sum()
    correlation = p.T @ (weight[:, None] * p)
    normalised = correlation / correlation.sum(dim=1, keepdim=True).clamp(min=1e-12)
    return 1 - normalised.diagonal().mean()
