"""NNPM: unlabelled speech drawn to the source utterances it resembles."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.methods import Task
from xlser.training import (
    HALF_TARGET,
    GradientMethod,
    MemoryBank,
    Step,
    embed,
    in_float32,
    together,
)


class NNPM(GradientMethod):
    """Pseudo multilabels from a memory of the source (Li et al. 2021).

    A memory holds the normalised embedding of every source utterance, moving by half at each
    visit. An unlabelled utterance's pseudo multilabel is the items whose cosine with it exceeds
    0.6, or the ten nearest if none does. Its loss is 5 x the mean of (1 - s)^2 over those plus the
    mean of (1 + s)^2 over the hardest 1 % of the others, beside cross-entropy on S and K. The
    code was never released; where its text is silent this follows its nearest public relative,
    MMCL (Wang & Zhang, CVPR 2020). Adapted: z is our backbone's embedding.

    Without target labels German falls to chance within an epoch (frozen track, v1). The items above
    0.6 are of several classes, the pull towards them is strong and nothing holds unlabelled
    utterances apart, so all of them gather where the source is densest, at anger (watched on the
    unlabelled train speech).

    Reconstructed from its abstract and from what Agarla et al. (2022) say of it: the full text and
    the authors' code were not at hand. Settings that these do not state are ours.
    """

    name = "nnpm"
    family = "alignment"
    target_labels = "few"
    citation = "Li et al. (2021), Unsupervised cross-lingual SER using pseudo multilabel, ASRU"
    reconstructed = True
    shares = HALF_TARGET
    similarity: float = 0.6
    neighbours: int = 10
    momentum: float = 0.5
    hardest: float = 0.01
    pull: float = 5.0
    weight: float = 1.0

    def setup(self, task: Task) -> None:
        """Fill the memory with the source model's embeddings."""
        self._memory = MemoryBank(embed(self.model.encoder, task.source.speech), self.momentum)

    def loss(self, step: Step) -> Tensor:
        """Return emotion loss plus that of the pseudo multilabels."""
        parts = (step.labelled.speech, step.unlabelled.speech)
        labelled, unlabelled = together(self.model.embed, *parts)
        emotion = cross_entropy(self.model.head(labelled), step.labelled.emotion)
        sources = step.labelled.sources
        self._memory.visit(step.labelled.index[:sources], labelled[:sources].detach())
        if not len(unlabelled):
            return emotion
        return emotion + self.weight * self._multilabel_loss(unlabelled)

    def _multilabel_loss(self, unlabelled: Tensor) -> Tensor:
        s = in_float32(self._memory.similarity)(unlabelled)
        alike = pseudo_multilabels(s.detach(), self.similarity, self.neighbours)
        pull = (alike * (1 - s).square()).sum(dim=1) / alike.sum(dim=1)
        count = max(1, int(self.hardest * s.shape[1]))
        unlike = (s - 3 * alike).topk(count, dim=1).values  # below -1: none but pseudo-labels left
        push = torch.where(unlike >= -1, (1 + unlike).square(), 0).mean(dim=1)
        return (self.pull * pull + push).mean()


def pseudo_multilabels(s: Tensor, similarity: float, neighbours: int) -> Tensor:
    """Return 1 for the memory items that an utterance resembles, else 0, shape as `s`.

    Args:
        s: cosines, shape (batch, items).
        similarity: that an item must exceed.
        neighbours: how many of the nearest are taken where none does.
    """
    alike = s > similarity
    nearest = torch.zeros_like(alike)
    nearest.scatter_(1, s.topk(min(neighbours, s.shape[1]), dim=1).indices, True)
    return torch.where(alike.any(dim=1, keepdim=True), alike, nearest).float()
