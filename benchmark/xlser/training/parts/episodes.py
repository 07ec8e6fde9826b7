"""Choosing utterances by class, as few-shot episodes do."""

import torch
from torch import Tensor


def shots_of_each_class(emotion: Tensor, shots: int, classes: int) -> Tensor:
    """Return the places of `shots` utterances of each class, drawn from torch's global generator.

    Args:
        emotion: of the utterances to choose from, shape (utterances,).
        shots: of each class; all there are where there are fewer.
        classes: number of them.

    Returns:
        Shape (at most classes x shots,), int64.
    """
    chosen = []
    for label in range(classes):
        (places,) = torch.where(emotion == label)
        order = torch.randperm(len(places)).to(places.device)
        chosen.append(places[order[:shots]])
    return torch.cat(chosen)


def class_means(features: Tensor, emotion: Tensor, classes: int) -> Tensor:
    """Return the mean feature of each class, shape (classes, dimension); 0 for an absent class.

    Args:
        features: shape (utterances, dimension).
        emotion: class indices, shape (utterances,).
        classes: number of classes.
    """
    members = torch.nn.functional.one_hot(emotion, classes).to(features.dtype)
    return members.T @ features / members.sum(dim=0).clamp(min=1)[:, None]
