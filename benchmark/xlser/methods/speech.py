"""Speech as methods get it: numbers without names, in an order that carries no information."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from xlser.methods.vocabulary import Attribute

SAMPLES_A_FRAME = 160
"""Samples that a frame of a crop stands for: 10 ms at 16 kHz."""

_FULL_SCALE = 2**15


@dataclass(frozen=True)
class Speech:
    """Utterances as one ragged tensor.

    On the fine-tune track a row is what the backbone reads, a log-mel frame or a sample at 16 kHz;
    on the frozen track an utterance is one row, its embedding.

    Attributes:
        features: shape (rows, bands) float16 log-mel frames, normalised per utterance, or
            (samples, 1) int16, or (utterances, dimension) float32 embeddings.
        lengths: shape (utterances,), int64, rows of each utterance.
        attributes: what else is known of each utterance, shape (utterances,), int64, indices into
            `ATTRIBUTES`: those that the method declares, and none of speech to be recognised.
    """

    features: Tensor
    lengths: Tensor
    attributes: Mapping[Attribute, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of utterances."""
        return len(self.lengths)

    @property
    def embedded(self) -> bool:
        """Whether every utterance is one row: its embedding."""
        return self.features.dtype == torch.float32

    @property
    def sampled(self) -> bool:
        """Whether a row is a sample of a waveform."""
        return self.features.dtype == torch.int16

    @cached_property
    def starts(self) -> Tensor:
        """First row of each utterance, shape (utterances,)."""
        return self.lengths.cumsum(0) - self.lengths

    @cached_property
    def longest(self) -> int:
        """Rows of the longest utterance."""
        return int(self.lengths.max()) if len(self) else 0

    def crops(self, index: Tensor, frames: int, begins: Tensor) -> Tensor:
        """Return a crop of each utterance named by `index`.

        Shorter utterances are padded at the end with 0, the mean of a normalised spectrogram.

        Args:
            index: shape (batch,), int64.
            frames: of a crop; of a waveform, each stands for 10 ms.
            begins: shape (batch,), 0 <= begins < 1: at what share of the places where it can begin
                a crop does. An embedding has none.

        Returns:
            float32, shape (batch, frames, bands) or (batch, samples, 1) with full scale 1, or the
            embeddings, shape (batch, dimension).
        """
        if self.embedded:
            return self.features[index]
        if self.sampled:
            frames *= SAMPLES_A_FRAME
        first = (begins * (self.lengths[index] - frames + 1).clamp(min=1)).long()
        return self._windows(index, first, frames)

    def whole(self, index: Tensor) -> Tensor:
        """Return whole utterances, float32, shape (batch, longest, bands), 0 past their ends.

        Waveforms come as shape (batch, longest, 1) with full scale 1, embeddings as shape
        (batch, dimension).
        """
        if self.embedded:
            return self.features[index]
        frames = int(self.lengths[index].max())
        return self._windows(index, torch.zeros_like(index), frames)

    def _windows(self, index: Tensor, first: Tensor, frames: int) -> Tensor:
        within = first[:, None] + torch.arange(frames, device=index.device)
        inside = within < self.lengths[index, None]
        rows = self.starts[index, None] + torch.where(inside, within, 0)
        taken = (self.features[rows] * inside[..., None]).float()
        return taken / _FULL_SCALE if self.sampled else taken

    def to(self, device: torch.device) -> "Speech":
        """Return the same speech on a device."""
        attributes = {name: of.to(device) for name, of in self.attributes.items()}
        return Speech(self.features.to(device), self.lengths.to(device), attributes)

    def __getitem__(self, index: Tensor) -> "Speech":
        """Return the utterances named by `index`, shape (utterances,), int64, on any device."""
        index = index.to(self.lengths.device)
        lengths = self.lengths[index]
        attributes = {name: of[index] for name, of in self.attributes.items()}
        if self.embedded:
            return Speech(self.features[index], lengths, attributes)
        if self.sampled:  # an index for each sample would take four times the memory of the speech
            parts = torch.split(self.features, self.lengths.tolist())
            rows = torch.cat([self.features[:0], *(parts[i] for i in index.tolist())])
            return Speech(rows, lengths, attributes)
        ends = lengths.cumsum(0)
        utterance = torch.repeat_interleave(torch.arange(len(index), device=index.device), lengths)
        within = torch.arange(len(utterance), device=index.device) - (ends - lengths)[utterance]
        rows = self.features[self.starts[index][utterance] + within]
        return Speech(rows, lengths, attributes)


@dataclass(frozen=True)
class Labelled:
    """Utterances whose emotion is known.

    Attributes:
        speech: the utterances.
        emotion: shape (utterances,), int64, indices into the task's classes.
        domain: language of each source utterance, shape (utterances,), int64, 0, 1, ...; None
            where the source is of one language.
    """

    speech: Speech
    emotion: Tensor
    domain: Tensor | None = None

    def __len__(self) -> int:
        """Return the number of utterances."""
        return len(self.speech)


@dataclass(frozen=True)
class PseudoLabels:
    """Answers to unlabelled utterances that a method learns from.

    Attributes:
        index: which they are, shape (batch,), int64: places in `Task.target_unlabelled`.
        answers: class that each is taken for, shape (batch,), int64.
        weight: how much each counts, shape (batch,): 0 dropped, 1 as much as any.
        progress: share of the training that is done, 0 <= progress <= 1.
    """

    index: Tensor
    answers: Tensor
    weight: Tensor
    progress: float


def not_reported(pseudo_labels: PseudoLabels) -> None:
    """Do nothing."""
