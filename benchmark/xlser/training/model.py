"""The network every gradient method trains: an encoder and a linear layer (Section 4.1)."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from xlser.errors import MethodError
from xlser.methods import Speech, Task, floored
from xlser.training.batches import joined
from xlser.training.inference import embed
from xlser.training.kernels import compiles
from xlser.training.parts.weighted_layers import WeightedLayers

_ADAPTER = 256


class EmotionModel(nn.Module):
    """Encoder and linear emotion classifier.

    Attributes:
        encoder: the backbone on the fine-tune track, an `Adapter` on the frozen one.
        head: from an embedding to the logits of the classes, a linear layer.
        dimension: of an embedding z.
    """

    def __init__(self, encoder: nn.Module, dimension: int, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head: nn.Module = nn.Linear(dimension, classes)
        self.dimension = dimension
        self._compiled = False

    def compile_encoder(self) -> None:
        """Let torch compile what the encoder does to crops in training, of one shape each."""
        self.encoder.compile(dynamic=False)
        self._compiled = True

    def embed(self, speech: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return embeddings z, shape (batch, dimension), of crops or frozen embeddings."""
        if self._compiled and not (self.training and lengths is None):
            return cast("Tensor", self.encoder.forward(speech, lengths))
        return cast("Tensor", self.encoder(speech, lengths))

    def forward(self, speech: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return logits, shape (batch, classes).

        Args:
            speech: crops, shape (batch, frames, mels), or frozen embeddings, (batch, dimension).
            lengths: frames of each utterance where they differ, shape (batch,).
        """
        return cast("Tensor", self.head(self.embed(speech, lengths)))


class Adapter(nn.Module):
    """What learns on the frozen track: one hidden layer over standardised embeddings.

    Attributes:
        mean: of the source's embeddings, shape (dimension,); 0 where they come standardised.
        std: what they are divided by, shape (dimension,): the source's standard deviation,
            `floored`; 1 where they come standardised.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, source: Tensor, stacked: int = 1, standardised: bool = False) -> None:
        """Take mean and standard deviation from `source`, shape (utterances, dimension).

        Args:
            source: embeddings.
            stacked: layers whose states an embedding holds; the hidden layer sees their weighted
                sum, which is learnt.
            standardised: whether embeddings come standardised, and pass as they are.
        """
        super().__init__()
        if standardised:
            mean, std = torch.zeros_like(source[0]), torch.ones_like(source[0])
        else:
            spread = source.std(dim=0) if len(source) > 1 else torch.ones_like(source[0])
            mean, std = source.mean(dim=0), floored(spread)
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.sum = WeightedLayers(stacked) if stacked > 1 else nn.Identity()
        self.layers = nn.Sequential(
            nn.Linear(source.shape[1] // stacked, _ADAPTER), nn.ReLU(), nn.Dropout(0.3)
        )

    def forward(self, embeddings: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return adapted embeddings, shape (batch, 256)."""
        del lengths  # an embedding is one row, whatever the utterance's length
        return cast("Tensor", self.layers(self.sum((embeddings - self.mean) / self.std)))


class Summed(nn.Module):
    """A backbone that gives the states of several layers, and their weighted sum."""

    def __init__(self, backbone: nn.Module, stacked: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.sum = WeightedLayers(stacked)

    def forward(self, speech: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return embeddings, shape (batch, dimension)."""
        return cast("Tensor", self.sum(self.backbone(speech, lengths)))


def new_model(
    task: Task, reference: Speech | None = None, standardised: bool = False
) -> EmotionModel:
    """Return an untrained emotion model for `task`, on its device.

    New layers are initialised from torch's global generator. On the frozen track embeddings are
    standardised by `reference`, as a rule the source alone, so that the shared source model does
    not depend on the target.

    Args:
        task: with what the model is made of.
        reference: speech whose statistics standardise embeddings; None: the source.
        standardised: whether the task's embeddings come standardised (`Task.standardised`).
    """
    if task.track == "frozen":
        source = (reference or task.source.speech).features
        encoder: nn.Module = Adapter(source, task.stacked, standardised)
        return EmotionModel(encoder, _ADAPTER, len(task.classes)).to(task.device)
    if task.backbone is None:
        raise MethodError(
            "The task of a fine-tune run holds no backbone.", "Hand it one: Task(backbone=...)."
        )
    encoder = task.backbone()
    dimension = cast("int", encoder.dimension)
    if task.stacked > 1:
        encoder, dimension = Summed(encoder, task.stacked), dimension // task.stacked
    model = EmotionModel(encoder, dimension, len(task.classes)).to(task.device)
    if task.device.type == "cuda" and compiles():
        model.compile_encoder()
    return model


def together(network: Callable[[Tensor], Tensor], *parts: Tensor) -> tuple[Tensor, ...]:
    """Return what `network` makes of each part, from one pass: batch norm sees them as one batch.

    Args:
        network: maps (batch, ...) to (batch, outputs).
        parts: crops or embeddings; some may be empty.
    """
    return tuple(network(joined(*parts)).split_with_sizes([len(part) for part in parts]))


class ModelPredictor:
    """A network that gives logits as a predictor: softmax over whole utterances, in float32."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network

    def predict(self, speech: Speech) -> Tensor:
        """Return class probabilities, shape (utterances, classes)."""
        return embed(self._network, speech).softmax(dim=-1)
