"""Log-mel spectrograms, normalised per utterance."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchaudio.functional import melscale_fbanks

from xlser.audio.decode import SAMPLE_RATE, Samples
from xlser.audio.frontend import FrontEnd
from xlser.errors import AudioError

_FLOOR = float(np.finfo(np.float32).eps)  # 1.19e-7, added before the logarithm as BYOL-S does


class LogMel(NamedTuple):
    """Rows of an input, as a rule a normalised log-mel spectrogram, and what was taken out of it.

    Attributes:
        frames: shape (frames, mels), float16, mean 0 and standard deviation 1 over the whole; or
            shape (samples, 1), int16, of a waveform.
        mean: natural-log units.
        std: natural-log units, unbiased.
    """

    frames: npt.NDArray[np.float16] | npt.NDArray[np.int16]
    mean: float
    std: float


@dataclass(frozen=True)
class Extractor:
    """Computes the log-mel spectrograms of a front-end; safe to share between threads."""

    frontend: FrontEnd

    def __call__(self, samples: Samples) -> LogMel:
        """Return the log-mel spectrogram of `samples` (shape (samples,), 16 kHz).

        Raises:
            AudioError: fewer samples than one frame takes, or a spectrogram without any contrast.
        """
        self.frontend.require_a_frame(len(samples))
        with torch.inference_mode():
            logmel = (self._bands @ self._power(torch.from_numpy(samples)) + _FLOOR).log().T
            std, mean = torch.std_mean(logmel)
            if not std > 0:
                raise AudioError(
                    "Its spectrogram is constant, so it holds no speech.",
                    "Leave the utterance out by name with --exclude.",
                )
            frames = ((logmel - mean) / std).half().contiguous()
        return LogMel(frames.numpy(), mean.item(), std.item())

    def _power(self, samples: Tensor) -> Tensor:
        """Return the power spectrum of each frame, shape (n_fft // 2 + 1, frames)."""
        settings = self.frontend
        spectrum = torch.stft(
            samples,
            settings.n_fft,
            settings.hop,
            settings.window,
            self._window,
            pad_mode="reflect",
            return_complex=True,
        )
        # torchaudio squares the magnitude: a root a value takes longer than the Fourier transform.
        real, imaginary = torch.view_as_real(spectrum).square_().unbind(-1)
        return real + imaginary

    @cached_property
    def _window(self) -> Tensor:
        return torch.hann_window(self.frontend.window)

    @cached_property
    def _bands(self) -> Tensor:
        """Weights of the mel bands, shape (mels, n_fft // 2 + 1)."""
        settings = self.frontend
        weights: Tensor = melscale_fbanks(
            n_freqs=settings.n_fft // 2 + 1,
            f_min=settings.low,
            f_max=settings.high,
            n_mels=settings.mels,
            sample_rate=SAMPLE_RATE,
            norm=None,
            mel_scale="htk",
        )
        return weights.T
