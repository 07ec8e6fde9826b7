"""Triple attentive asymmetric network: two heads label the target for a third."""

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from xlser.methods import Task
from xlser.training import (
    HALF_TARGET,
    GradientMethod,
    Step,
    embed,
    together,
)


class TripleAttentiveAsymmetric(GradientMethod):
    """Asymmetric tri-training with attention and a centre loss (Ocquaye et al. 2021).

    Two labelling heads learn from S and K, kept different by 0.01 |W1' W2|. Before each epoch they
    answer for all unlabelled speech; where they agree with max p >= 0.9 the utterance may be
    admitted, the surest first, their number growing over the training (Saito et al. 2017). The
    third head learns from K and the admitted, and predicts; it starts as stage 1's head, and is
    that where nothing is ever admitted. The centre loss, 0.003 |z - c_y|^2 on labelled speech,
    draws classes together. Adapted: our backbone pools frames itself, so each head attends to the
    dimensions of its embedding instead of to frames.

    Reconstructed from its abstract and from what Agarla et al. (2022) say of it: the full text and
    the authors' code were not at hand. Settings that these do not state are ours.
    """

    name = "triple-attentive-asymmetric"
    family = "pseudo-labels"
    target_labels = "few"
    citation = "Ocquaye et al. (2021), Triple attentive asymmetric CNN, Int. J. Intell. Syst. 36(1)"
    reconstructed = True
    shares = HALF_TARGET
    tau: float = 0.9
    difference: float = 0.01
    centre: float = 0.003

    def setup(self, task: Task) -> None:
        """Make two fresh labelling heads and a third from stage 1's."""
        dimension, classes = self.model.dimension, len(task.classes)
        self.first = AttentiveHead(nn.Linear(dimension, classes)).to(task.device)
        self.second = AttentiveHead(nn.Linear(dimension, classes)).to(task.device)
        self.model.head = AttentiveHead(cast("nn.Linear", self.model.head)).to(task.device)
        self.centres = nn.Embedding(classes, dimension, device=task.device)
        self._admitted = torch.zeros(len(task.target_unlabelled), device=task.device)

    def before_epoch(self, task: Task, epoch: int) -> None:
        """Admit the utterances on which both labelling heads are surest."""
        z = embed(self.model.encoder, task.target_unlabelled)
        with torch.no_grad():
            one, other = self.first(z).softmax(dim=1), self.second(z).softmax(dim=1)
        sure = torch.minimum(one.amax(dim=1), other.amax(dim=1))
        self._pseudo = one.argmax(dim=1)
        allowed = (self._pseudo == other.argmax(dim=1)) & (sure >= self.tau)
        most = math.ceil(len(z) * (epoch + 1) / task.schedule.epochs)
        best = torch.where(allowed, sure, 0.0).topk(most).indices
        self._admitted = torch.zeros_like(sure).index_fill(0, best, 1.0) * allowed

    def loss(self, step: Step) -> Tensor:
        """Return the losses of the three heads, their difference and the centres'."""
        parts = (step.labelled.speech, step.unlabelled.speech)
        labelled, unlabelled = together(self.model.embed, *parts)
        known = step.labelled.emotion
        first, second = self.first, self.second
        labelling = cross_entropy(first(labelled), known) + cross_entropy(second(labelled), known)
        apart = (first.linear.weight @ second.linear.weight.T).abs().sum()
        spread = (labelled.float() - self.centres(known)).square().sum(dim=1).mean()

        pseudo, admitted = (of[step.unlabelled.index] for of in (self._pseudo, self._admitted))
        step.report(pseudo, admitted)
        target = torch.cat([known, pseudo])
        weight = torch.cat([step.labelled.target.float(), admitted])
        logits = self.model.head(torch.cat([labelled, unlabelled]))
        each = cross_entropy(logits, target, reduction="none")
        taught = (weight * each).sum() / weight.sum().clamp(min=1)
        loss: Tensor = labelling + taught + self.difference * apart + self.centre * spread
        return loss


class AttentiveHead(nn.Module):
    """A linear layer over the dimensions of an embedding that it attends to.

    The attention is 2 sigmoid(Wz + b) with W, b zero at first, so that it starts as no attention.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.attention = nn.Linear(linear.in_features, linear.in_features)
        nn.init.zeros_(self.attention.weight)
        nn.init.zeros_(self.attention.bias)
        self.linear = linear

    def forward(self, z: Tensor) -> Tensor:
        """Return logits, shape (batch, classes), of embeddings, shape (batch, dimension)."""
        logits: Tensor = self.linear(2 * torch.sigmoid(self.attention(z)) * z)
        return logits
