"""DANN: features that do not tell the domain."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.methods import Task
from xlser.training import HALF_TARGET, DomainHead, GradientMethod, Step, together


class DANN(GradientMethod):
    """A domain head behind gradient reversal (Ganin et al. 2016; Abdelwahab & Busso 2018).

    L = CE(S, K) + BCE(D(GRL(z))), source against target. The reversed gradient is scaled by
    2 / (1 + exp(-10 p)) - 1 over the training's progress p; half of each batch is target speech.
    Adapted: z is our backbone's embedding, D reads it through two layers of 256 with batch norm.
    """

    name = "dann"
    family = "adversarial"
    target_labels = "few"
    citation = (
        "Abdelwahab & Busso (2018), Domain adversarial for acoustic emotion recognition, TASLP"
    )
    shares = HALF_TARGET

    def setup(self, task: Task) -> None:
        """Make the domain head."""
        self.domain = DomainHead(self.model.dimension).to(task.device)

    def loss(self, step: Step) -> Tensor:
        """Return emotion loss plus domain loss."""
        parts = (step.labelled.speech, step.unlabelled.speech)
        labelled, unlabelled = together(self.model.embed, *parts)
        emotion = cross_entropy(self.model.head(labelled), step.labelled.emotion)
        z = torch.cat([labelled, unlabelled])
        return emotion + self.domain.adversarial_loss(z, step.of_target, step.progress)
