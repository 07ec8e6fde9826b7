"""TENT: scale and shift of a normalised model follow the entropy of unlabelled speech."""

from typing import cast

import torch
from torch import Tensor, nn

from xlser.methods import Task
from xlser.training import Adapter, GradientMethod, Step, entropy, take_statistics


class TENT(GradientMethod):
    """Entropy minimisation by normalisation layers alone (Wang et al. 2021, Section 3).

    As `adabn`, but then scale and shift of the normalisation are trained to minimise the entropy
    of the answers to unlabelled speech. On the frozen track these are a scale and a shift of each
    dimension of the standardised embeddings; of a backbone without normalisation layers the
    classifier's bias is trained. Adapted: it adapts to train speech and not to what is to be
    recognised, for a predictor may not learn from it; and it stops after 50 steps, the original's
    one pass over 10,000 images in batches of 200, for with more of them all answers become one.
    """

    name = "tent"
    family = "entropy"
    target_labels = "none"
    citation = "Wang et al. (2021), Tent: fully test-time adaptation, ICLR"
    shares = {"target_unlabelled": 1.0}
    updates: int = 50

    def setup(self, task: Task) -> None:
        """Take the target's statistics and free scale and shift alone."""
        take_statistics(self.model, task)
        self.model.requires_grad_(False)
        if isinstance(self.model.encoder, Adapter):
            self.model.encoder = Shifted(self.model.encoder)
        else:
            norms = [m for m in self.model.encoder.modules() if isinstance(m, _NORMS)]
            for p in nn.ModuleList(norms).parameters() if norms else [self.model.head.bias]:
                cast("nn.Parameter", p).requires_grad_(True)
        self._free = [p for p in self.model.parameters() if p.requires_grad]
        self._done = 0

    def after_step(self) -> None:
        """Count."""
        self._done += 1

    def loss(self, step: Step) -> Tensor:
        """Return the mean entropy, and 0 once the steps are done."""
        if self._done >= self.updates or not len(step.unlabelled.speech):
            return 0 * torch.stack([p.sum() for p in self._free]).sum()
        return entropy(self.model(step.unlabelled.speech)).mean()


_NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)


class Shifted(nn.Module):
    """An adapter in front of which standardised embeddings are scaled and shifted."""

    def __init__(self, adapter: Adapter) -> None:
        super().__init__()
        self.adapter = adapter
        self.scale = nn.Parameter(torch.ones_like(adapter.mean))
        self.shift = nn.Parameter(torch.zeros_like(adapter.mean))

    def forward(self, embeddings: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return adapted embeddings, shape (batch, 256)."""
        mean, std = self.adapter.mean, self.adapter.std
        moved = self.scale * (embeddings - mean) + self.shift * std + mean
        adapted: Tensor = self.adapter(moved, lengths)
        return adapted
