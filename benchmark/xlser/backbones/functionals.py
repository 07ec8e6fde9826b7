"""Functionals of the log-mel bands: a backbone without weights."""

import torch
from torch import Tensor

from xlser.backbones.backbone import NOTHING, Backbone


class LogMelFunctionals(Backbone):
    """Mean, standard deviation and mean absolute frame-to-frame change of each of 64 bands.

    A floor for learned backbones, and what the demo runs on: nothing to download or learn.
    """

    name = "logmel-functionals"
    dimension = 3 * 64
    citation = "Schuller et al. (2009), The Interspeech 2009 Emotion Challenge (functionals)"
    weights = None
    trained_on = NOTHING
    licence = "MIT (xlser)"

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return functionals, shape (batch, 192); see `Backbone.forward`."""
        batch, longest, _ = frames.shape
        if lengths is None:
            lengths = torch.full((batch,), longest, device=frames.device)
        frames = frames.float()
        index = torch.arange(longest, device=frames.device)
        inside = (index < lengths[:, None])[..., None]
        count = lengths[:, None]
        mean = (frames * inside).sum(1) / count
        variance = ((frames - mean[:, None]).square() * inside).sum(1) / count
        change = (frames[:, 1:] - frames[:, :-1]).abs() * inside[:, 1:]
        return torch.cat([mean, variance.sqrt(), change.sum(1) / (count - 1).clamp(min=1)], dim=1)
