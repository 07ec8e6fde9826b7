"""From a file to 16 kHz mono samples."""

import os
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
    mono = _averaged(channels)
    if np.abs(mono).max() < SILENCE:
        raise _unusable(path, "is silent")
    if rate == SAMPLE_RATE:
        return mono
    resampled: Samples = soxr.resample(mono, rate, SAMPLE_RATE, quality="VHQ")
    return resampled


def _averaged(channels: Samples) -> Samples:
    """Return the mean of channels, shape (samples,), of shape (samples, channels)."""
    if channels.shape[1] == 1:
        return channels[:, 0]
    # One channel after the other: numpy takes ten times as long over the short axis of two.
    mean: Samples = np.ascontiguousarray(channels.T).mean(axis=0)
    return mean


def _decode(path: Path) -> tuple[Samples, int]:
    """Return samples of shape (samples, channels) and their rate in hertz."""
    try:
        with soundfile.SoundFile(_name(path)) as file:
            channels = file.read(dtype="float32", always_2d=True)
            rate, promised, log = file.samplerate, file.frames, file.extra_info
    except (soundfile.SoundFileError, OSError, RuntimeError) as cause:
        reason = _content(path) or str(getattr(cause, "error_string", cause))
        raise _unusable(path, f"cannot be decoded ({reason})") from cause
    if len(channels) < promised or _cut_short(log):
        raise _unusable(path, "is cut short: its header promises more samples than it holds")
    return channels, rate


# What is found under the name of a recording, by its first bytes.
_CONTENTS = (
    (re.compile(rb"....ftyp", re.DOTALL), "it is MP4 or M4A audio; convert it to WAV or FLAC"),
    (re.compile(rb"0&\xb2u"), "it is WMA audio; convert it to WAV or FLAC"),
    (re.compile(rb"\x1aE\xdf\xa3"), "it is WebM or Matroska; convert it to WAV or FLAC"),
    (re.compile(rb"#!AMR"), "it is AMR audio; convert it to WAV or FLAC"),
    (re.compile(rb"version https://git-lfs"), "it is a pointer of Git LFS; run `git lfs pull`"),
    (re.compile(rb"\s*<(!doctype|html)", re.IGNORECASE), "it is a web page, not a recording"),
)


def _content(path: Path) -> str | None:
    """Return what a file holds that is no recording readable here, where that is known."""
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError:
        return None
    return next((what for mark, what in _CONTENTS if mark.match(start)), None)


def _name(path: Path) -> Path | bytes:
    # Folders out of old zip files bear names that are no UTF-8, and soundfile encodes strictly.
    return os.fsencode(path) if os.name == "posix" else path


# The chunk of samples in WAV, AIFF and AU; in W64 only the whole file's size is corrected.
_CORRECTED = re.compile(
    r"^\s*(?:data|SSND|Data Size|riff) *: (\d+) \(should be (\d+)\)", re.MULTILINE
)


def _cut_short(log: str) -> bool:
    """Say whether libsndfile's log corrects the size of the data chunk downwards.

    libsndfile reads a truncated file without an error and only remarks upon it.
    """
    remark = _CORRECTED.search(log)
    if remark is None:
        return False
    promised, held = int(remark[1]), int(remark[2])
    # Streaming writers leave 0 or the largest number where they could not go back.
    return held < promised < 0xFFFFF000


def _unusable(path: Path, fault: str) -> AudioError:
    return AudioError(
        f"{path} {fault}.", "Get an intact copy of it, or leave it out by name with --exclude."
    )
