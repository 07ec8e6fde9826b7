"""The front-end: what log-mel spectrograms are computed with."""

from pydantic import BaseModel, ConfigDict

from xlser.files import digest_json


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
