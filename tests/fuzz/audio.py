"""Recordings of every format, damaged in their headers and beyond."""

import re
import struct
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile
from hypothesis import strategies as st
from tests.fuzz.inputs import require_memory
from tests.fuzz.record_text import flipped, overwritten, truncated

from xlser.audio.decode import LONGEST, SAMPLE_RATE, load
from xlser.audio.frontend import FrontEnd
from xlser.audio.logmel import Extractor
from xlser.errors import AudioError

FORMATS = [
    *(("WAV", subtype) for subtype in ("PCM_16", "PCM_24", "FLOAT", "DOUBLE", "ALAW", "ULAW")),
    *(("WAV", subtype) for subtype in ("GSM610", "IMA_ADPCM", "MS_ADPCM", "G721_32")),
    *(("WAVEX", "PCM_16"), ("RF64", "PCM_16"), ("W64", "PCM_16"), ("AIFF", "PCM_16")),
    *(("AIFF", "FLOAT"), ("AU", "PCM_16"), ("AU", "ULAW"), ("CAF", "PCM_16"), ("CAF", "ALAC_16")),
    *(("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("OGG", "OPUS")),
    *(("MP3", "MPEG_LAYER_III"), ("NIST", "PCM_16"), ("VOC", "PCM_16"), ("SVX", "PCM_16")),
    *(("PAF", "PCM_16"), ("IRCAM", "PCM_16"), ("AVR", "PCM_16"), ("HTK", "PCM_16")),
]
SIZES = [0, 1, 8, 100, 0x7F000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE, 16_000, 65_536]
PLACES = 40
_FRONT_END = FrontEnd()
_EXTRACTOR = Extractor(_FRONT_END)


@cache
def originals() -> tuple[bytes, ...]:
    """Return a tenth of a second in each format, mono and stereo, and MP3 in further guises."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, (1700, 2)).clip(-1, 1)
    files = []
    for kind, subtype in FORMATS:
        for channels in (1, 2):
            rate = 48_000 if subtype == "OPUS" else SAMPLE_RATE
            file = BytesIO()
            try:
                soundfile.write(file, noise[:, :channels], rate, subtype, format=kind)
            except soundfile.SoundFileError:  # GSM and others have one channel
                continue
            files.append(file.getvalue())
    mp3 = next(file for file in files if b"Info" in file[:60] or b"Xing" in file[:60])
    headless = re.sub(rb"Xing|Info", bytes(4), mp3, count=1)
    tag = b"ID3\x04\0\0\0\0\x02\x01" + bytes(257)
    form = struct.pack("<HHIIHHHHIHHH", 0x55, 1, SAMPLE_RATE, 8000, 1, 0, 12, 1, 2, 576, 1, 1393)
    within = b"WAVEfmt " + struct.pack("<I", 30) + form + b"data"
    within += struct.pack("<I", len(headless)) + headless
    riff = b"RIFF" + struct.pack("<I", len(within)) + within
    return (*files, headless, tag + mp3, mp3 + mp3, riff)


@st.composite
def batches(draw: st.DrawFn) -> list[bytes]:
    """Files that differ from a recording by the same change, each at another place."""
    whole = draw(st.sampled_from(originals()))
    head, rest = whole[:160], whole[160:]
    way = draw(st.integers(0, 6))
    if way == 0:
        return flipped(whole, draw(st.integers(0, 7)), draw(st.integers(0, 39)), PLACES)
    if way == 1:
        return truncated(whole, draw(st.integers(0, 39)), PLACES)
    if way == 2:
        other = draw(st.sampled_from(originals()))
        return [whole[:at] + other[at:] for at in range(4, 160, 4)]
    if way == 3:
        stretch, cut = draw(st.binary(max_size=40)), draw(st.integers(0, 9))
        return overwritten(whole, stretch, cut, PLACES)
    if way == 4:
        return [text + rest for text in flipped(head, draw(st.integers(0, 7)), 0, 160)]
    size = draw(st.sampled_from(SIZES) | st.integers(0, 0xFFFFFFFF))
    stretch = struct.pack(draw(st.sampled_from(["<I", ">I", "<H", "<Q", ">Q"])), size & 0xFFFF)
    if len(stretch) != 2:
        stretch = struct.pack("<I" if way == 5 else ">I", size)
    return [text + rest for text in overwritten(head, stretch, len(stretch), 80)]


def read(content: bytes, path: Path) -> str | None:
    """Decode a file; what is accepted and long enough has a spectrogram."""
    path.write_bytes(content)
    try:
        samples = load(path)
    except AudioError as error:
        require_memory(error)
        if not error.problem.startswith(str(path)):
            raise AssertionError(error.problem) from error
        return " ".join(error.problem.removeprefix(str(path)).split()[:3]).rstrip(".:")
    assert samples.ndim == 1
    assert samples.dtype == np.float32
    assert 0 < len(samples) <= LONGEST * SAMPLE_RATE
    assert np.isfinite(samples).all()
    if len(samples) >= _FRONT_END.shortest:
        _EXTRACTOR(samples)
    return None
