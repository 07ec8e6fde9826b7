"""Fine-tuning as a user would write it: AudioNTT layer by layer, a DataLoader, Adam."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import soundfile
import torch
import torchaudio
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

_CROP = 200


class PlainAudioNTT(nn.Module):
    """Convolution, batch norm, ReLU, pooling, with the names of the published checkpoint."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels in (1, 64, 64):
            layers += [
                nn.Conv2d(channels, 64, 3, padding=1),
                nn.BatchNorm2d(64),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
        self.features = nn.Sequential(*layers)
        self.fc = nn.Sequential(
            nn.Linear(512, dimension),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(dimension, dimension),
            nn.ReLU(),
        )

    def forward(self, frames: Tensor) -> Tensor:
        x = self.features(frames.transpose(1, 2).unsqueeze(1))
        x = self.fc(x.permute(0, 3, 2, 1).flatten(2))
        return x.mean(dim=1) + x.amax(dim=1)


class PlainModel(nn.Module):
    def __init__(self, dimension: int, classes: int = 5) -> None:
        super().__init__()
        self.encoder = PlainAudioNTT(dimension)
        self.head = nn.Linear(dimension, classes)

    def forward(self, frames: Tensor) -> Tensor:
        return self.head(self.encoder(frames))


class CachedLogMels(Dataset[tuple[Tensor, int]]):
    """Log-mel frames kept in memory, one array an utterance."""

    def __init__(self, frames: Sequence[np.ndarray], emotion: Sequence[int]) -> None:
        self._frames, self._emotion = frames, emotion

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        frames = torch.from_numpy(self._frames[index]).float()
        return _crop((frames - frames.mean()) / frames.std()), self._emotion[index]


class DecodedSpeech(Dataset[tuple[Tensor, int]]):
    """Recordings, decoded each time they are asked for."""

    def __init__(self, paths: Sequence[Path], emotion: Sequence[int]) -> None:
        self._paths, self._emotion = paths, emotion
        self._mel = torchaudio.transforms.MelSpectrogram(
            16_000, n_fft=1024, hop_length=160, f_min=60, f_max=7800, n_mels=64
        )

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        samples, rate = soundfile.read(self._paths[index], dtype="float32", always_2d=True)
        mono = torch.from_numpy(samples.mean(axis=1))
        mono = torchaudio.functional.resample(mono, rate, 16_000)
        frames = (self._mel(mono) + 1.19e-7).log().T
        return _crop((frames - frames.mean()) / frames.std()), self._emotion[index]


def _crop(frames: Tensor) -> Tensor:
    if len(frames) < _CROP:
        return nn.functional.pad(frames, (0, 0, 0, _CROP - len(frames)))
    start = int(torch.randint(len(frames) - _CROP + 1, ()))
    return frames[start : start + _CROP]


def loader(utterances: Dataset[tuple[Tensor, int]], batch: int = 100) -> DataLoader:
    return DataLoader(utterances, batch_size=batch, shuffle=True)


def train(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    optimiser: torch.optim.Optimizer,
    bf16: bool = False,
) -> list[float]:
    """Go once through `batches`; return the loss after each step."""
    model.train()
    losses = []
    for frames, emotion in batches:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = nn.functional.cross_entropy(model(frames), emotion)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses
