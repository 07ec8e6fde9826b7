"""A weighted sum of layers, learnt with the rest."""

import torch
from torch import Tensor, nn


class WeightedLayers(nn.Module):
    """Softmax-weighted sum of the states of an encoder's layers (Yang et al. 2021, SUPERB, Sec. 3).

    Attributes:
        scores: one a layer; the weights are their softmax. They begin as equal.
    """

    def __init__(self, layers: int) -> None:
        """Take how many layers' states stand one after the other."""
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(layers))

    def forward(self, stacked: Tensor) -> Tensor:
        """Return the sums, shape (batch, dimension), of states, (batch, layers x dimension)."""
        layers = stacked.view(len(stacked), len(self.scores), -1)
        return torch.einsum("l,...ld->...d", self.scores.softmax(dim=0), layers)
