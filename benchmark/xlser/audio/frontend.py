"""The front-end: what log-mel spectrograms are computed with."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from xlser.audio.decode import SAMPLE_RATE
from xlser.audio.input import Input
from xlser.errors import AudioError, InvalidProtocolError


class FrontEnd(Input):
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

    title: ClassVar[str] = "log-mel"
    dtype: ClassVar[Literal["float16", "int16"]] = "float16"
    always_stated: ClassVar[frozenset[str]] = frozenset(
        {"window", "n_fft", "hop", "mels", "low", "high"}
    )

    window: int = Field(default=1024, gt=0)
    n_fft: int = Field(default=1024, gt=0)
    hop: int = Field(default=160, gt=0)
    mels: int = Field(default=64, gt=0)
    low: float = Field(default=60.0, ge=0)
    high: float = Field(default=7800.0, gt=0)

    @model_validator(mode="after")
    def _window_and_bands_fit(self) -> Self:
        if self.window > self.n_fft:
            raise InvalidProtocolError(
                f"FrontEnd: window is {self.window} samples, n_fft only {self.n_fft}.",
                "Make n_fft at least as long as window.",
            )
        if self.low >= self.high:
            raise InvalidProtocolError(
                f"FrontEnd: low is {self.low} Hz, which is not below high, {self.high} Hz.",
                "Make low smaller than high.",
            )
        return self

    @property
    def shortest(self) -> int:
        """Samples that a recording must have: a centred frame reflects half an FFT at either end.

        >>> FrontEnd().shortest, FrontEnd(window=400).shortest
        (1024, 513)
        """
        return max(self.window, self.n_fft // 2 + 1)

    def require_a_frame(self, samples: int) -> None:
        """Raise `AudioError` for a recording of fewer samples than `shortest`."""
        if samples < self.shortest:
            raise AudioError(
                f"{samples} samples at 16 kHz are too few for one frame ({self.shortest} samples).",
                "Leave the utterance out by name with --exclude.",
            )

    @property
    def width(self) -> int:
        """Values of a row: its mel bands."""
        return self.mels

    @property
    def rows_a_second(self) -> float:
        """Rows per second of speech."""
        return SAMPLE_RATE / self.hop
