"""AudioNTT2020, the convolutional network of BYOL-A and BYOL-S."""

from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from xlser.audio import FrontEnd
from xlser.backbones.backbone import Backbone, PublishedWeights, TrainedOn

_CHANNELS = 64
_LAYERS = 4  # of a block: convolution, batch norm, pooling, ReLU
_POOLED = 8  # three poolings by two, in time and in frequency
_CHECKPOINTS = (
    "https://raw.githubusercontent.com/Neclow/SERAB/"
    "8023cb75dc6f32a6f211bfbc83efe9491c41d8b7/SERAB/checkpoints/"
)


class _AudioNTT(Backbone):
    """Three convolution blocks, two linear layers, pooled over time as mean + max.

    The layers carry the names of the published checkpoints (`features.0.weight`, ...). Pooling
    stands before ReLU: the two commute, and ReLU then passes a quarter of the values.
    """

    citation = (
        "Scheidwasser-Clow et al. (2022), SERAB, ICASSP; Niizumi et al. (2021), BYOL-A, IJCNN"
    )
    trained_on = TrainedOn("the speech of AudioSet, without its labels")
    mels: ClassVar[int] = 64

    def __init__(self) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        for inputs in (1, _CHANNELS, _CHANNELS):
            blocks += [
                nn.Conv2d(inputs, _CHANNELS, kernel_size=3, padding=1),
                nn.BatchNorm2d(_CHANNELS),
                nn.MaxPool2d(2),
                nn.ReLU(),
            ]
        self.features = nn.Sequential(*blocks)
        self.fc = nn.Sequential(
            nn.Linear(_CHANNELS * self.mels // _POOLED, self.dimension),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(self.dimension, self.dimension),
            nn.ReLU(),
        )

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return embeddings, shape (batch, dimension); see `Backbone.forward`.

        Utterances of fewer than 8 frames count as 8, filled up with the mean.
        """
        if lengths is not None:
            frames = frames.masked_fill(~_inside(lengths, frames.shape[1])[..., None], 0.0)
        missing = _POOLED - frames.shape[1]
        if missing > 0:
            frames = nn.functional.pad(frames, (0, 0, 0, missing))
        x = frames.transpose(1, 2).unsqueeze(1)  # (batch, 1, mels, frames)
        x = x.contiguous(memory_format=torch.channels_last)
        left = None if lengths is None else lengths.clamp(min=_POOLED)
        for first in range(0, len(self.features), _LAYERS):
            x = self.features[first : first + _LAYERS](x)
            if left is not None:
                left = left // 2
                # The next convolution must see zeros past an utterance's end, as at a border.
                x = x * _inside(left, x.shape[-1])[:, None, None, :]
        x = x.permute(0, 3, 2, 1).flatten(2)  # (batch, frames / 8, 8 mels x channels)
        x = cast("Tensor", self.fc(x))
        if left is None:
            return x.mean(dim=1) + x.amax(dim=1)
        inside = _inside(left, x.shape[1])[..., None]
        mean = (x * inside).sum(dim=1) / left[:, None]
        return mean + x.masked_fill(~inside, -torch.inf).amax(dim=1)


def _inside(lengths: Tensor, frames: int) -> Tensor:
    """Return a mask of shape (batch, frames): True within each utterance."""
    return torch.arange(frames, device=lengths.device) < lengths[:, None]


def _published(file: str, blob: str) -> PublishedWeights:
    return PublishedWeights(file, _CHECKPOINTS + file, blob, "MIT (Neclow/SERAB)")


class AudioNTT512(_AudioNTT):
    """BYOL-S with 512 dimensions."""

    name, dimension = "audiontt-512", 512
    weights = _published(
        "default512_BYOLAs64x96-2107281850-e100-bs256-lr0003-rs42.pth",
        "f4283f224c40a869e7bed9fd64316342ee2809c7",
    )


class AudioNTT512At25ms(AudioNTT512):
    """The same weights on the log-mels they were trained on: windows of 25 ms, not 64.

    The paper computes its log-mels with windows of 64 ms (Agarla et al. 2022, Section 5.2); the
    configuration published with the weights has 400 samples.
    """

    name = "audiontt-512-25ms"
    input = FrontEnd(window=400)


class AudioNTT1024(_AudioNTT):
    """BYOL-S with 1024 dimensions, the paper's (Agarla et al. 2022, Section 4.1)."""

    name, dimension = "audiontt-1024", 1024
    weights = _published(
        "default1024_BYOLAs64x96-2107292000-e100-bs256-lr0003-rs42.pth",
        "f5bcd923cf11ff279f155ba80c73547c10359fa5",
    )


class AudioNTT2048(_AudioNTT):
    """BYOL-S with 2048 dimensions."""

    name, dimension = "audiontt-2048", 2048
    weights = _published(
        "default2048_BYOLAs64x96-2105311814-e100-bs256-lr0003-rs42.pth",
        "04fb26805f52db1af541b2186d1fc1a9ce86e4c7",
    )
