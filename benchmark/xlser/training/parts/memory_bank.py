"""A memory of embeddings, one per utterance."""

import torch
from torch import Tensor
from torch.nn.functional import normalize


class MemoryBank:
    """L2-normalised embeddings of a set of utterances, each a moving average over its visits.

    Args:
        features: to begin with, shape (utterances, dimension).
        momentum: share of the old embedding that stays at a visit.
    """

    def __init__(self, features: Tensor, momentum: float) -> None:
        self.features = normalize(features.detach().float(), dim=1)
        self._momentum = momentum

    def similarity(self, features: Tensor) -> Tensor:
        """Return the cosine of each row with each item, shape (batch, utterances)."""
        return normalize(features.float(), dim=1) @ self.features.T

    @torch.no_grad()
    def visit(self, index: Tensor, features: Tensor) -> None:
        """Move the items at `index`, shape (batch,), towards `features`, (batch, dimension)."""
        new = normalize(features.float(), dim=1)
        moved = self._momentum * self.features[index] + (1 - self._momentum) * new
        self.features[index] = normalize(moved, dim=1)
