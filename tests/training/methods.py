"""Small gradient-based methods that tests train."""

import pytest
from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.methods import Task, Track
from xlser.training import GradientMethod, Step

TRACKS: tuple[Track, ...] = ("finetune", "frozen")
both_tracks = pytest.mark.parametrize("track", TRACKS)


class EntropyMinimisation(GradientMethod):
    name = "entropy-minimisation"
    target_labels = "few"
    weight: float = 0.1

    def loss(self, step: Step) -> Tensor:
        supervised = cross_entropy(self.model(step.labelled.speech), step.labelled.emotion)
        p = self.model(step.unlabelled.speech).softmax(-1)
        return supervised - self.weight * step.progress * (p * p.log()).sum(-1).mean()


class Supervised(GradientMethod):
    name = "supervised"
    target_labels = "few"


class SourceOnly(GradientMethod):
    name = "source-only"
    target_labels = "none"
    stages = ("source",)


def weights_after(method: GradientMethod, task: Task) -> dict[str, Tensor]:
    method.fit(task)
    return method.model.state_dict()
