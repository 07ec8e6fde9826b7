"""The front-end: log-mel spectrograms, normalised per utterance."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torchaudio
from pydantic import BaseModel, ConfigDict

from xlser.audio.decode import SAMPLE_RATE, Samples
from xlser.errors import AudioError
from xlser.files import digest_json

_FLOOR = float(np.finfo(np.float32).eps)  # 1.19e-7, added before the logarithm as BYOL-S does


class LogMel(NamedTuple):
    """A normalised log-mel spectrogram and what was taken out of it.

    Attributes:
        frames: shape (frames, mels), float16, mean 0 and standard deviation 1 over the whole.
        mean: natural-log units.
        std: natural-log units, unbiased.
    """

    frames: npt.NDArray[np.float16]
    mean: float
    std: float


class FrontEnd(BaseModel):
    """Log-mel spectrogram of 16 kHz speech (Agarla et al. 2022, Section 5.2).

    Hann window, power spectrum, HTK mel bands without area norm, centred frames, natural
    logarithm; then the utterance's mean is subtracted and its standard deviation divided out,
    both over the whole spectrogram.

    Attributes:
        window: samples (1024 = 64 ms, the paper; 400 = 25 ms, BYOL-S as published).
        n_fft: samples.
        hop: samples (160 = 10 ms).
        mels: bands.
        low: hertz, lower edge of the lowest band.
        high: hertz, upper edge of the highest band.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    window: int = 1024
    n_fft: int = 1024
    hop: int = 160
    mels: int = 64
    low: float = 60.0
    high: float = 7800.0

    def digest(self) -> str:
        """Return the SHA-256 of the settings, in hex."""
        return digest_json(self.model_dump())


@dataclass(frozen=True)
class Extractor:
    """Computes the log-mel spectrograms of a front-end; safe to share between threads."""

    frontend: FrontEnd

    def __call__(self, samples: Samples) -> LogMel:
        """Return the log-mel spectrogram of `samples` (shape (samples,), 16 kHz).

        Raises:
            AudioError: fewer samples than one frame takes, or a spectrogram without any contrast.
        """
        # A centred frame reflects half an FFT of samples at either end.
        shortest = max(self.frontend.window, self.frontend.n_fft // 2 + 1)
        if len(samples) < shortest:
            raise AudioError(
                f"{len(samples)} samples at 16 kHz are too few for one frame ({shortest} samples).",
                "Leave the utterance out by name with --exclude.",
            )
        with torch.inference_mode():
            power: torch.Tensor = self._mel(torch.from_numpy(samples))
            logmel = (power + _FLOOR).log().T
            std, mean = torch.std_mean(logmel)
            if not std > 0:
                raise AudioError(
                    "Its spectrogram is constant, so it holds no speech.",
                    "Leave the utterance out by name with --exclude.",
                )
            frames = ((logmel - mean) / std).half().contiguous()
        return LogMel(frames.numpy(), mean.item(), std.item())

    @cached_property
    def _mel(self) -> torchaudio.transforms.MelSpectrogram:
        settings = self.frontend
        return torchaudio.transforms.MelSpectrogram(
            sample_rate=SAMPLE_RATE,
            n_fft=settings.n_fft,
            win_length=settings.window,
            hop_length=settings.hop,
            f_min=settings.low,
            f_max=settings.high,
            n_mels=settings.mels,
            power=2.0,
            norm=None,
            mel_scale="htk",
            center=True,
        )
