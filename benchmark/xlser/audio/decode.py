"""From a file to 16 kHz mono samples."""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from xlser.audio.lengths import SLACK, STREAM, MisstatedError, corrected, stated_frames, whole_mp3
from xlser.errors import AudioError

SAMPLE_RATE = 16_000
"""Hertz (Agarla et al. 2022, Section 5.2)."""

SILENCE = 2.0**-15
"""Range of amplitudes below which a recording is silent: one step of 16-bit audio."""

RATES = range(2_000, 768_001)
"""Hertz; any other rate is a damaged header."""

LOUDEST = 1e15
"""Amplitude beyond which samples are noise of a wrong format: their powers overflow float32."""

LONGEST = 3600
"""Seconds (at up to 48 kHz); longer recordings are no utterances, and would fill the memory."""

_LARGEST = 1 << 31  # bytes of a file
_AT_ONCE = 1 << 22  # samples of all channels that are decoded at once

Samples = npt.NDArray[np.float32]


class Decoded(NamedTuple):
    """A recording as the suite uses it, and the format of its file.

    Attributes:
        samples: shape (samples,), full scale 1, at `SAMPLE_RATE`.
        rate: hertz, of the file.
        channels: of the file.
    """

    samples: Samples
    rate: int
    channels: int


def load(path: Path) -> Samples:
    """Decode a recording, average its channels and resample it to `SAMPLE_RATE`.

    Its length is that of the decoded samples, whatever its header states.

    Args:
        path: any format libsndfile reads, any sample rate of `RATES`, any number of channels.

    Returns:
        Samples, shape (samples,), full scale 1.

    Raises:
        AudioError: the file cannot be decoded, is truncated, empty, longer than `LONGEST`, not
            finite or silent, or its header cannot be right.
    """
    return decode(path).samples


def decode(path: Path) -> Decoded:
    """Decode a recording as `load` does, and return the format of its file too.

    Raises:
        AudioError: as `load`.
    """
    try:
        mono, rate, channels = _mono(path)
    except MisstatedError as cause:
        raise _unusable(path, f"cannot be trusted: {cause}") from cause
    except AudioError:
        raise
    except Exception as cause:  # whatever a decoder makes of a damaged file
        said = getattr(cause, "error_string", None) or str(cause) or type(cause).__name__
        reason = _content(path) or said
        raise _unusable(path, f"cannot be decoded ({reason})") from cause
    if len(mono) == 0:
        raise _unusable(path, "holds no samples")
    low, high = float(mono.min()), float(mono.max())
    if not np.isfinite([low, high]).all():
        raise _unusable(path, "holds samples that are not finite")
    if max(-low, high) > LOUDEST:
        raise _unusable(path, f"holds samples of {max(-low, high):.0e} times full scale")
    if high - low < SILENCE:
        raise _unusable(path, "is silent" if abs(high) < SILENCE else "is silent but for an offset")
    if rate != SAMPLE_RATE:
        mono = soxr.resample(mono, rate, SAMPLE_RATE, quality="VHQ")
    return Decoded(mono, rate, channels)


def stated_seconds(path: Path) -> float:
    """Return the duration that a header states, `LONGEST` at most; 0 where it cannot be read."""
    try:
        seconds: float = soundfile.info(_name(path)).duration
    except Exception:  # whatever a decoder makes of a damaged file
        return 0.0
    return min(seconds, LONGEST)


def _mono(path: Path) -> tuple[Samples, int, int]:
    """Return the mean of a file's channels, their rate in hertz, and their number."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise _unusable(path, "cannot be decoded (it is not a file)")
    if status.st_size > _LARGEST:
        raise _unusable(path, "is larger than 2 GiB, so it is no utterance")
    source = corrected(path, LONGEST * 48_000)
    with soundfile.SoundFile(source or _name(path)) as file:
        rate, channels, log = file.samplerate, file.channels, file.extra_info
        if rate not in RATES:
            raise _unusable(path, f"states a sample rate of {rate} Hz")
        promised, most = file.frames, LONGEST * min(rate, 48_000)
        mpeg = file.subtype.startswith("MPEG")
        if mpeg and (whole := whole_mp3(path, promised, most)):
            mono = _joined(_averaged(block) for block in whole.blocks)
            return mono[whole.silent :], whole.rate, whole.channels
        if promised > most:
            raise _unusable(path, f"promises {promised} samples a channel: more than an hour")
        mono = _joined(_blocks(file))
    if file.format == "NIST":
        promised = stated_frames(path) or promised
    if len(mono) < promised or _cut_short(log):
        raise _unusable(path, "is cut short: its header promises more samples than it holds")
    return mono, rate, channels


def _blocks(file: soundfile.SoundFile) -> Iterator[Samples]:
    """Yield the mean of a file's channels: a whole utterance at once, long files in parts."""
    at_once = max(_AT_ONCE // file.channels, 1)
    left = file.frames
    while left > 0:
        block = file.read(min(left, at_once), dtype="float32", always_2d=True)
        yield _averaged(block)
        left = left - len(block) if len(block) else 0


def _joined(blocks: Iterable[Samples]) -> Samples:
    blocks = list(blocks)
    return blocks[0] if len(blocks) == 1 else np.concatenate([np.empty(0, np.float32), *blocks])


def _averaged(channels: Samples) -> Samples:
    """Return the mean of channels, shape (samples,), of shape (samples, channels)."""
    if channels.shape[1] == 1:
        return channels[:, 0]
    # One channel after the other: numpy takes ten times as long over the short axis of two.
    mean: Samples = np.ascontiguousarray(channels.T).mean(axis=0)
    return mean


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


# The chunk of samples in WAV, AIFF, AU and CAF; in W64 and RF64 only the file's size is corrected.
_CORRECTED = re.compile(
    r"^\s*(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)", re.MULTILINE
)
_SAID_CUT = ("Seems to be a truncated file", "Ogg: Junk after the last page")  # VOC, Ogg


def _cut_short(log: str) -> bool:
    """Return whether libsndfile's log corrects the size of the data chunk downwards.

    libsndfile reads a truncated file without an error and only remarks upon it.
    """
    if any(remark in log for remark in _SAID_CUT):
        return True
    remark = _CORRECTED.search(log)
    if remark is None:
        return False
    promised, held = int(remark[1]), int(remark[2])
    return held + SLACK < promised < STREAM


def _unusable(path: Path, fault: str) -> AudioError:
    return AudioError(
        f"{path} {fault}.", "Get an intact copy of it, or leave it out by name with --exclude."
    )
