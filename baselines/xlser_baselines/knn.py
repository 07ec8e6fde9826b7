"""k nearest neighbours on frozen utterance embeddings."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from xlser.methods import Labelled, Method, Predictor, Speech, Task


class NearestNeighbours(Method):
    """Weighted votes of the nearest labelled utterances (Wu et al. 2018, Section 3.4).

    The neighbours are those of the largest cosine s, each with a vote of exp(s / 0.07). Source and
    labelled target vote apart, each among its own nearest ones, and count alike. Embeddings are
    standardised, each language by itself; nothing is trained, and unlabelled speech serves that
    alone.
    """

    name = "knn"
    family = "classical"
    target_labels = "few"
    citation = "Wu et al. (2018), Unsupervised feature learning via instance discrimination, CVPR"
    tracks = ("frozen",)
    standardisation = "language"
    neighbours: int = 20
    temperature: float = 0.07

    def fit(self, task: Task) -> Predictor:
        """Keep the labelled utterances."""
        standard = task.standardised(self.standardisation)
        standardised, classes = standard.task, len(task.classes)
        parts = [part for part in (standardised.source, standardised.target_labelled) if len(part)]
        votes = [_Votes.of(part, classes, self.neighbours, self.temperature) for part in parts]
        task.progress(1, 1)
        return standard.predictor(_Mean(votes))


@dataclass(frozen=True)
class _Votes:
    """Labelled utterances of one language that vote.

    Attributes:
        directions: normalised embeddings, shape (utterances, dimension).
        answers: their emotions, one-hot, shape (utterances, classes).
        neighbours: how many vote.
        temperature: of the votes.
    """

    directions: Tensor
    answers: Tensor
    neighbours: int
    temperature: float

    @classmethod
    def of(cls, part: Labelled, classes: int, neighbours: int, temperature: float) -> "_Votes":
        directions = normalize(part.speech.features, dim=1)
        answers = one_hot(part.emotion, classes).float()
        return cls(directions, answers, min(neighbours, len(part)), temperature)

    def __call__(self, embeddings: Tensor) -> Tensor:
        """Return shares of the votes, shape (batch, classes)."""
        cosines = normalize(embeddings, dim=1) @ self.directions.T
        nearest = cosines.topk(self.neighbours, dim=1)
        weight = (nearest.values / self.temperature).softmax(dim=1)
        return (weight[..., None] * self.answers[nearest.indices]).sum(dim=1)


@dataclass(frozen=True)
class _Mean:
    """The mean of what the languages vote for."""

    votes: list[_Votes]

    def predict(self, speech: Speech) -> Tensor:
        """Return class probabilities, shape (utterances, classes)."""
        return torch.stack([of(speech.features) for of in self.votes]).mean(dim=0)
