"""CDAN+E: DANN on features and answers together."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.methods import Task
from xlser.training import (
    HALF_TARGET,
    DomainHead,
    GradientMethod,
    Step,
    entropy,
    in_float32,
    together,
)


class CDAN(GradientMethod):
    """Conditional adversarial adaptation with entropy weights (Long et al. 2018, CDAN+E).

    The domain head reads the outer product of embedding and answer, z (x) p, so that it compares
    like with like; a row weighs 1 + exp(-H(p)), normalised over its domain, so that certain answers
    count more. Gradient reversal and its schedule are those of DANN.
    """

    name = "cdan"
    family = "adversarial"
    target_labels = "few"
    citation = "Long et al. (2018), Conditional adversarial domain adaptation, NeurIPS"
    shares = HALF_TARGET

    def setup(self, task: Task) -> None:
        """Make the domain head."""
        self.domain = DomainHead(self.model.dimension * len(task.classes)).to(task.device)

    def loss(self, step: Step) -> Tensor:
        """Return emotion loss plus conditional domain loss."""
        parts = (step.labelled.speech, step.unlabelled.speech)
        labelled, unlabelled = together(self.model.embed, *parts)
        z = torch.cat([labelled, unlabelled])
        logits = self.model.head(z)
        emotion = cross_entropy(logits[: len(labelled)], step.labelled.emotion)
        p = logits.detach().float().softmax(dim=1)
        certainty = 1 + torch.exp(-entropy(logits.detach()))
        return emotion + self.domain.adversarial_loss(
            outer_product(z, p), step.of_target, step.progress, balanced(certainty, step.of_target)
        )


@in_float32
def outer_product(z: Tensor, p: Tensor) -> Tensor:
    """Return every product of an embedding's and an answer's entries, (batch, d x classes)."""
    return (z[:, :, None] * p[:, None, :]).flatten(1)


def balanced(weight: Tensor, target: Tensor) -> Tensor:
    """Return weights of mean 1 within the source and within the target."""
    result = torch.zeros_like(weight)
    for members in (target.float(), 1 - target.float()):
        mean = (members * weight).sum() / members.sum().clamp(min=1)
        result = result + members * weight / mean.clamp(min=1e-12)
    return result
