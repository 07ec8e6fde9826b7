"""Normalisation with statistics of each domain's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from xlser.methods import Task
from xlser.training.model import Adapter, EmotionModel


class DomainStatistics:
    """Embeds source and target, each normalised by its own statistics (Cai et al. 2021).

    Fine-tuning: a batch of each domain passes by itself, and batch norm keeps the target's running
    statistics, which then predict. Frozen track: the standardisation of the embeddings stands for
    batch norm; source embeddings are moved onto the target's mean and deviation.

    Args:
        model: its statistics become the target's.
        task: supplies the target's embeddings.
    """

    def __init__(self, model: EmotionModel, task: Task) -> None:
        self._model = model
        self._onto_target: tuple[Tensor, Tensor] | None = None  # scale and shift
        if isinstance(model.encoder, Adapter):
            adapter = model.encoder
            parts = [task.target_labelled.speech.features, task.target_unlabelled.features]
            target = Adapter(torch.cat(parts)).to(task.device)
            scale = target.std / adapter.std
            self._onto_target = (scale, target.mean - adapter.mean * scale)
            adapter.mean.copy_(target.mean)
            adapter.std.copy_(target.std)

    def embed_source(self, speech: Tensor) -> Tensor:
        """Return embeddings of source crops, shape (batch, dimension)."""
        if self._onto_target is not None:
            scale, shift = self._onto_target
            return self._model.embed(speech * scale + shift)
        with statistics_held(self._model):
            return self._model.embed(speech)

    def embed_target(self, speech: Tensor) -> Tensor:
        """Return embeddings of target crops, shape (batch, dimension)."""
        return self._model.embed(speech)


@contextmanager
def statistics_held(model: nn.Module) -> Iterator[None]:
    """Let batch norm normalise by the batch, as in training, without keeping its statistics."""
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = cast("float", momentum)
