"""Waveforms as an input: the samples themselves, 16 bits each."""

from typing import ClassVar, Literal

import numpy as np

from xlser.audio.decode import Samples
from xlser.audio.input import Input
from xlser.audio.logmel import LogMel

FULL_SCALE = 2**15
"""Value of a sample at full scale, as 16-bit audio has it."""


class Waveform(Input):
    """16 kHz mono samples; a row is one sample.

    A sample is rounded to 16 bits, as nearly all corpora publish them. What resampling lifts over
    full scale is clipped.

    Attributes:
        rate: samples a second.
    """

    title: ClassVar[str] = "waveform"
    dtype: ClassVar[Literal["float16", "int16"]] = "int16"
    always_stated: ClassVar[frozenset[str]] = frozenset({"rate"})

    rate: Literal[16000] = 16_000

    @property
    def width(self) -> int:
        """Values of a row: one sample."""
        return 1

    @property
    def rows_a_second(self) -> float:
        """Rows per second of speech."""
        return self.rate


def quantised(samples: Samples) -> LogMel:
    """Return samples, shape (samples,), full scale 1, as rows of a store: int16, (samples, 1).

    Nothing is taken out of them: the mean that the row states is 0, the deviation 1.
    """
    limits = np.iinfo(np.int16)
    rounded = np.rint(samples * FULL_SCALE).clip(limits.min, limits.max).astype(np.int16)
    return LogMel(rounded[:, None], 0.0, 1.0)
