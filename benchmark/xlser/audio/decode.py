"""From a file to 16 kHz mono samples."""

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from xlser.errors import AudioError

SAMPLE_RATE = 16_000
"""Hertz (Agarla et al. 2022, Section 5.2)."""

SILENCE = 2.0**-15
"""Peak amplitude below which a recording is silent: one step of 16-bit audio."""

Samples = npt.NDArray[np.float32]


def load(path: Path) -> Samples:
    """Decode a recording, average its channels and resample it to `SAMPLE_RATE`.

    Args:
        path: any format libsndfile reads, any sample rate, any number of channels.

    Returns:
        Samples, shape (samples,), full scale 1.

    Raises:
        AudioError: the file cannot be decoded, is truncated, empty, not finite or silent.
    """
    channels, rate = _decode(path)
    if len(channels) == 0:
        raise _unusable(path, "holds no samples")
    if not np.isfinite(channels).all():
        raise _unusable(path, "holds samples that are not finite")
    mono = channels.mean(axis=1, dtype=np.float32)
    if np.abs(mono).max() < SILENCE:
        raise _unusable(path, "is silent")
    if rate == SAMPLE_RATE:
        return mono
    resampled: Samples = soxr.resample(mono, rate, SAMPLE_RATE, quality="VHQ")
    return resampled


def _decode(path: Path) -> tuple[Samples, int]:
    """Return samples of shape (samples, channels) and their rate in hertz."""
    try:
        with soundfile.SoundFile(path) as file:
            channels = file.read(dtype="float32", always_2d=True)
            rate, promised, log = file.samplerate, file.frames, file.extra_info
    except (soundfile.SoundFileError, OSError, RuntimeError) as cause:
        raise _unusable(path, f"cannot be decoded ({cause})") from cause
    if len(channels) < promised or _cut_short(log):
        raise _unusable(path, "is cut short: its header promises more samples than it holds")
    return channels, rate


def _cut_short(log: str) -> bool:
    """Say whether libsndfile's log corrects the size of the data chunk downwards.

    libsndfile reads a truncated WAV file without an error and only remarks upon it.
    """
    remark = re.search(r"^\s*data : (\d+) \(should be (\d+)\)", log, re.MULTILINE)
    # Streaming writers leave 0 or the largest number where they could not go back.
    return bool(remark) and int(remark[2]) < int(remark[1]) < 0xFFFFF000


def _unusable(path: Path, fault: str) -> AudioError:
    return AudioError(
        f"{path} {fault}.", "Get an intact copy of it, or leave it out by name with --exclude."
    )
