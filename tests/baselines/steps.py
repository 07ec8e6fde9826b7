"""Methods made ready without training, and single steps to hold their losses against."""

import math
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from tests.tasks import MELS, task_for
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from xlser.backbones import Backbone
from xlser.methods import Schedule, Task, Track
from xlser.training import (
    EmotionModel,
    GradientMethod,
    LabelledBatch,
    Step,
    UnlabelledBatch,
    new_model,
)
from xlser.training.batches import Batches

BATCH_OF_40 = Schedule(epochs=4, batch=40, learning_rate=1e-2, crop=16)


NEVER = 1e9
"""A half-life under which an average stays where it starts."""


def half_life(momentum: float, passed: float = 0.5) -> float:
    """Return the half-life under which `momentum` is what stays after a share of the training."""
    return passed * math.log(0.5) / math.log(momentum)


class SmoothBackbone(Backbone):
    """Batch norm and a tanh over the mean frame: slopes without kinks, nothing left to chance."""

    name, dimension, citation, weights = "smooth", 6, "none", None

    def __init__(self) -> None:
        super().__init__()
        norm = nn.BatchNorm1d(6)
        self.layers = nn.Sequential(nn.Linear(MELS, 6, bias=False), norm, nn.Tanh())

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        count = frames.shape[1] if lengths is None else lengths[:, None]
        return self.layers(frames.sum(dim=1) / count)


def ready(
    method: GradientMethod,
    track: Track = "finetune",
    **changes: Any,
) -> Task:
    """Set `method` up on a small task, as `fit` does before its first epoch; return the task.

    On the finetune track the backbone is a smooth one.
    """
    if track == "finetune":
        changes = {"backbone": SmoothBackbone, **changes}
    task = task_for(type(method), track, **{"schedule": BATCH_OF_40, **changes})
    torch.manual_seed(7)
    method.model = new_model(task)
    method.setup(task)
    method.before_epoch(task, 0)
    for module in modules(method):
        if any(p.requires_grad for p in module.parameters()):
            module.train()
    return task


def modules(method: GradientMethod) -> list[nn.Module]:
    """Return what `fit` would train."""
    return [part for part in vars(method).values() if isinstance(part, nn.Module)]


def step_of(method: GradientMethod, task: Task, progress: float = 0.5, seed: int = 0) -> Step:
    """Return a batch of the composition the method asks for."""
    return Batches(task, method.shares, torch.Generator().manual_seed(seed)).draw(progress)


def without_unlabelled(step: Step) -> Step:
    """Return the step with its labelled speech alone."""
    return step.without_unlabelled()


def loss_of(method: GradientMethod, step: Step, seed: int = 11) -> Tensor:
    """Return the loss of a copy of the method: it learns nothing and draws the same each time."""
    torch.manual_seed(seed)
    return deepcopy(method).loss(step)


def gradients(method: GradientMethod, step: Step, seed: int = 11) -> dict[str, Tensor]:
    """Return the gradient of the loss with respect to every parameter, 0 where none reaches it."""
    return gradients_of(method, lambda copied: copied.loss(step), seed)


def gradients_of(
    method: GradientMethod, loss: Callable[[Any], Tensor], seed: int = 11
) -> dict[str, Tensor]:
    """Return gradients of any `loss` of a copy of the method, by parameter."""
    copied = deepcopy(method)
    torch.manual_seed(seed)
    loss(copied).backward()
    return {
        name: torch.zeros_like(p) if p.grad is None else p.grad
        for name, p in parameters(copied).items()
    }


def parameters(method: GradientMethod) -> dict[str, nn.Parameter]:
    """Return every parameter that is trained, under `attribute.name`."""
    return {
        f"{attribute}.{name}": p
        for attribute, part in vars(method).items()
        if isinstance(part, nn.Module)
        for name, p in part.named_parameters()
        if p.requires_grad
    }


def slope(method: GradientMethod, step: Step, name: str, direction: Tensor, by: float) -> float:
    """Return the slope of the loss as one parameter moves along `direction`, by differences."""
    values = []
    for sign in (1, -1):
        copied = deepcopy(method)
        with torch.no_grad():
            parameters(copied)[name].add_(direction, alpha=sign * by)
        values.append(loss_of(copied, step).item())
    return (values[0] - values[1]) / (2 * by)


class _Passing(nn.Module):
    """An encoder that leaves what it reads as it is."""

    def forward(self, speech: Tensor, lengths: Tensor | None = None) -> Tensor:
        return speech


def echo(classes: int) -> EmotionModel:
    """Return a model whose logits, and embeddings, are the speech itself."""
    model = EmotionModel(_Passing(), classes, classes)
    model.head = nn.Identity()
    return model


def batch_of(
    labelled: Tensor,
    emotion: list[int],
    target: list[bool],
    unlabelled: Tensor,
    progress: float = 0.5,
) -> Step:
    """Return a step made by hand, the source's utterances first."""
    assert target == sorted(target)
    places = torch.arange(len(emotion))
    known = LabelledBatch(labelled, torch.tensor(emotion), target.count(False), places, {})
    return Step(known, UnlabelledBatch(unlabelled, torch.arange(len(unlabelled)), {}), progress)


def emotion_loss(method: GradientMethod, step: Step, *others: Tensor) -> Tensor:
    """Return cross-entropy of the labelled speech, which passes together with `others`."""
    logits = method.model(torch.cat([step.labelled.speech, *others]))
    return cross_entropy(logits[: len(step.labelled.emotion)], step.labelled.emotion)


def passed(method: GradientMethod, *parts: Tensor) -> list[Tensor]:
    """Return logits of each part, all passed as one batch through a copy of the model."""
    with torch.no_grad():
        logits = deepcopy(method.model)(torch.cat(parts))
    return [*logits.split([len(part) for part in parts])]


def embedded(method: GradientMethod, *parts: Tensor) -> list[Tensor]:
    """Return embeddings of each part, all passed as one batch through a copy of the model."""
    with torch.no_grad():
        z = deepcopy(method.model).embed(torch.cat(parts))
    return [*z.split([len(part) for part in parts])]
