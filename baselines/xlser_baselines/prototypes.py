"""Prototypes: the nearest class mean, refined by unlabelled speech."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from xlser.methods import Labelled, Predictor, PseudoLabels, Speech, Task
from xlser.training import Twinned


class Prototypes(Twinned):
    """Prototypes of classes, refined by soft k-means (Snell et al. 2017; Ren et al. 2018, Eq. 4-5).

    A prototype is the mean of a class's directions, the source's mean and the labelled target's
    counting alike; an answer is softmax(cosine / T), T 0.1. Then unlabelled utterances join the
    target's means, each with its answer as weight, and the prototypes are computed anew, once.
    Embeddings are standardised, each language by itself. Adapted: the embeddings are those of the
    frozen backbone, compared by cosine.
    """

    name = "prototypes"
    family = "classical"
    target_labels = "few"
    citation = "Ren et al. (2018), Meta-learning for semi-supervised few-shot classification, ICLR"
    tracks = ("frozen",)
    standardisation = "language"
    temperature: float = 0.1
    rounds: int = 1

    def fit(self, task: Task) -> Predictor:
        """Compute the prototypes and refine them."""
        standard = task.standardised(self.standardisation)
        visible, classes = self.visible(standard.task), len(task.classes)
        source, target = (sums(part, classes) for part in (visible.source, visible.target_labelled))
        prototypes = _Prototypes(joint_means(source, target), self.temperature)
        z = normalize(visible.target_unlabelled.features, dim=1)
        for _ in range(self.rounds if len(z) else 0):
            p = prototypes(z)
            where = torch.arange(len(z), device=z.device)
            task.report(PseudoLabels(where, p.argmax(dim=1), torch.ones_like(p[:, 0]), 1.0))
            joined = (target[0] + p.T @ z, target[1] + p.sum(dim=0))
            prototypes = _Prototypes(joint_means(source, joined), self.temperature)
        task.progress(1, 1)
        return standard.predictor(prototypes)


def sums(part: Labelled, classes: int) -> tuple[Tensor, Tensor]:
    """Return the sum of each class's directions, (classes, dimension), and its count."""
    members = one_hot(part.emotion, classes).float()
    return members.T @ normalize(part.speech.features, dim=1), members.sum(dim=0)


def joint_means(*languages: tuple[Tensor, Tensor]) -> Tensor:
    """Return the mean of the languages' class means, shape (classes, dimension).

    A language without utterances of a class has no say in it; a class of none has 0.
    """
    means = torch.stack([total / count.clamp(min=1e-6)[:, None] for total, count in languages])
    there = torch.stack([count > 0 for _, count in languages])[..., None].float()
    return (means * there).sum(dim=0) / there.sum(dim=0).clamp(min=1)


@dataclass(frozen=True)
class _Prototypes:
    """Class means as a predictor.

    Attributes:
        means: shape (classes, dimension).
        temperature: of the cosines.
    """

    means: Tensor
    temperature: float

    def __call__(self, embeddings: Tensor) -> Tensor:
        """Return class probabilities, shape (batch, classes)."""
        cosines = normalize(embeddings, dim=1) @ normalize(self.means, dim=1).T
        there = self.means.abs().sum(dim=1) > 0
        return torch.where(there, cosines / self.temperature, -torch.inf).softmax(dim=1)

    def predict(self, speech: Speech) -> Tensor:
        """Return class probabilities, shape (utterances, classes)."""
        return self(speech.features)
