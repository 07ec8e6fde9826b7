"""Normalisation with statistics of each domain's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from xlser.methods import Task, floored
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
        self._alone = not (len(task.target_labelled) or len(task.target_unlabelled))
        self._onto_target: tuple[Tensor, Tensor] | None = None  # scale and shift
        if isinstance(model.encoder, Adapter):
            adapter = model.encoder
            before = adapter.mean.clone(), adapter.std.clone()
            take_statistics(model, task)
            scale = adapter.std / before[1]
            self._onto_target = (scale, adapter.mean - before[0] * scale)

    def embed_source(self, speech: Tensor) -> Tensor:
        """Return embeddings of source crops, shape (batch, dimension)."""
        if self._onto_target is not None:
            scale, shift = self._onto_target
            return self._model.embed(speech * scale + shift)
        if self._alone:  # nobody else sets the statistics
            return self._model.embed(speech)
        with statistics_held(self._model):
            return self._model.embed(speech)

    def embed_target(self, speech: Tensor) -> Tensor:
        """Return embeddings of target crops, shape (batch, dimension)."""
        return self._model.embed(speech)


@torch.no_grad()
def take_statistics(model: EmotionModel, task: Task) -> None:
    """Give a model the statistics of the target's train speech (Li et al. 2017, AdaBN).

    Frozen track: mean and deviation that embeddings are standardised by. Fine-tuning: the running
    statistics of batch norm become plain means over batches of random crops. Without target speech
    nothing is changed.

    Args:
        model: its statistics become the target's.
        task: supplies the target's train speech.
    """
    parts = [part for part in (task.target_labelled.speech, task.target_unlabelled) if len(part)]
    if not parts:
        return
    if isinstance(model.encoder, Adapter):
        features = torch.cat([part.features for part in parts])
        model.encoder.mean.copy_(features.mean(dim=0))
        if len(features) > 1:
            model.encoder.std.copy_(floored(features.std(dim=0)))
        return
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.train()
    passed = 0
    for part in parts:
        for first in range(0, len(part), task.schedule.batch):
            last = min(first + task.schedule.batch, len(part))
            index = torch.arange(first, last, device=part.features.device)
            passed += 1
            for norm in norms:
                norm.momentum = 1 / passed  # a plain mean over what passes
            begins = torch.rand(len(index), device=index.device)
            model.embed(part.crops(index, task.schedule.crop, begins))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


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
