"""Headers that misstate the length of a recording, and how it is read nevertheless.

libsndfile believes headers: it stops where the header states, and refuses to read past it. Writers
to a pipe cannot go back to state the length; other headers are wrong. Here the length is what
lies in the file.
"""

import io
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

SLACK = 64
"""Bytes by which a header may be wrong: some count the header itself, or a byte of padding."""

STREAM = 0x7EFF0000
"""Sizes from here on (2.1 GB) are what writers to a pipe state for "unknown"."""

_AT_ONCE = 1 << 16  # frames that the second decoder returns at once


class MisstatedError(ValueError):
    """A header that contradicts the file, so that nobody knows what the recording is."""


def corrected(path: Path, most: int) -> BinaryIO | None:
    """Return a file's content with the true length in its header; None if the header will do.

    Args:
        path: of a recording.
        most: frames beyond which no recording is read.

    Raises:
        MisstatedError: the header counts less than the file holds, and is not that of a stream.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        start = _after_tag(file)
        file.seek(start)
        kind = file.read(12)
        if kind[:4] == b"fLaC":
            return _flac(path, start, most)
        if kind[:4] == b"OggS":
            _require_one_stream(path)
        elif kind[:4] in (b"RIFF", b"RIFX", b"FORM"):
            form = "<I" if kind[:4] == b"RIFF" else ">I"
            return _chunked(file, path, start + 12, form)
        elif kind[:4] == b"RF64":
            return _rf64(file, path, start)
        elif kind[:4] == b"caff":
            return _chunked(file, path, start + 8, ">q")
        elif kind[:4] in (b".snd", b"dns."):
            return _au(path, start, ">" if kind[:4] == b".snd" else "<")
    return None


def stated_frames(path: Path) -> int | None:
    """Return the frames that a NIST SPHERE header states, which libsndfile does not look at."""
    with path.open("rb") as file:
        header = file.read(1024)
    found = re.search(rb"\nsample_count -i (\d{1,18})\s", header)
    return int(found[1]) if header.startswith(b"NIST_1A") and found else None


def _after_tag(file: BinaryIO) -> int:
    """Return where the content begins, behind an ID3v2 tag if there is one."""
    head = file.read(10)
    if len(head) < 10 or not head.startswith(b"ID3"):
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _chunked(file: BinaryIO, path: Path, start: int, form: str) -> BinaryIO | None:
    """Correct a WAV, AIFF or CAF file of which the chunk of samples states less than is there.

    Args:
        file: open.
        path: of it.
        start: of the first chunk.
        form: of a chunk's size, as `struct` names it.
    """
    end = file.seek(0, io.SEEK_END)
    for marker, at, size in _chunks(file, start, end, form):
        if marker not in (b"data", b"SSND"):
            continue
        rest = end - at - size
        unknown = size < 0  # CAF: to the end of the file
        if not unknown and (rest <= SLACK or _is_harmless(file, at + size, end, form)):
            return None
        if size > (8 if marker == b"SSND" else 0):
            raise MisstatedError(
                f"its header counts {size} bytes of samples, but {end - at} bytes lie there"
            )
        most = (1 << 63) - 1 if form[1] == "q" else 0xFFFFFFFF
        width = struct.calcsize(form)
        return _patched(path, at - width, struct.pack(form, min(end - at, most)))
    return None


def _rf64(file: BinaryIO, path: Path, start: int) -> BinaryIO | None:
    """Correct an RF64 file that states no size of its samples, or "unknown"."""
    end = file.seek(0, io.SEEK_END)
    stated: dict[bytes, int] = {}
    for marker, at, _ in _chunks(file, start + 12, end, "<I"):
        stated.setdefault(marker, at)
        if marker == b"data":
            break
    if b"ds64" not in stated or b"data" not in stated:
        return None
    file.seek(stated[b"ds64"])
    sizes = file.read(16)
    held = end - stated[b"data"]
    if len(sizes) < 16 or struct.unpack("<q", sizes[8:])[0] not in (0, -1) or held == 0:
        return None
    return _patched(path, stated[b"ds64"], struct.pack("<QQ", end - start - 8, held))


def _chunks(file: BinaryIO, at: int, end: int, form: str) -> Iterator[tuple[bytes, int, int]]:
    """Yield (marker, where its content begins, bytes of content) of each chunk from `at` on."""
    head = struct.calcsize(form) + 4
    while at + head <= end:
        file.seek(at)
        marker, size = struct.unpack(f"{form[0]}4s{form[1]}", file.read(head))
        yield marker, at + head, size
        padding = size & 1 if form[1] == "I" else 0
        at += head + max(size, 0) + padding


def _is_harmless(file: BinaryIO, at: int, end: int, form: str) -> bool:
    """Return whether what follows the samples is none: chunks, tags or padding."""
    for first in (at + (at & 1), at):  # some writers do not pad odd chunks
        file.seek(first)
        head = file.read(8)
        if head.startswith((b"TAG", b"ID3", b"APETAGEX")):
            return True
        stop = first
        for marker, begin, size in _chunks(file, first, end, form):
            whole = 0 <= size <= end + SLACK - begin
            if not whole or not all(32 <= byte < 127 for byte in marker):
                break
            stop = begin + size
        if stop > first and end - stop <= SLACK:
            return True
        file.seek(min(stop, end))
        if not any(any(block) for block in iter(lambda: file.read(1 << 20), b"")):
            return True
    return False


def _au(path: Path, start: int, order: str) -> BinaryIO | None:
    """Correct an AU file that states no samples, less than is there, or "unknown"."""
    content = path.read_bytes()[start:]
    if len(content) < 24:
        return None
    offset, size = struct.unpack_from(f"{order}II", content, 4)
    held = len(content) - offset
    if held <= SLACK or 0 < size <= held <= size + SLACK or held < size < STREAM:
        return None
    if 0 < size < held:
        raise MisstatedError(f"its header counts {size} bytes of samples, but {held} lie there")
    return _patched(path, start + 8, struct.pack(f"{order}I", 0xFFFFFFFF))


def _flac(path: Path, start: int, most: int) -> BinaryIO | None:
    """Correct a FLAC file that states no length, or less than decodes."""
    content = path.read_bytes()
    if len(content) < start + 26:
        return None
    about = int.from_bytes(content[start + 18 : start + 26], "big")
    stated, channels, rate = about & 0xFFFFFFFFF, (about >> 41 & 7) + 1, about >> 44
    held = _frames_of_flac(content, channels, rate, most)
    if held <= stated:
        return None  # if it is less, libsndfile names the fault
    about = about >> 36 << 36 | held
    return _patched(path, start + 18, about.to_bytes(8, "big"))


def _frames_of_flac(content: bytes, channels: int, rate: int, most: int) -> int:
    """Return how many frames decode, 0 where none does."""
    import miniaudio

    try:
        return sum(len(block) for block in _decoded(content, channels, rate, most))
    except miniaudio.DecodeError:
        return 0


def _patched(path: Path, at: int, value: bytes) -> BinaryIO:
    content = path.read_bytes()
    return io.BytesIO(content[:at] + value + content[at + len(value) :])


def _require_one_stream(path: Path) -> None:
    """Refuse Ogg streams one after the other: libsndfile reads the first alone."""
    begun = False
    for page in re.finditer(rb"OggS\x00(.)", path.read_bytes(), re.DOTALL):
        if page[1][0] & 2 and begun:
            raise MisstatedError("it holds several Ogg streams, one after the other")
        begun = begun or not page[1][0] & 2


class Mpeg(NamedTuple):
    """MPEG audio that the second decoder reads.

    Attributes:
        blocks: of samples, each of shape (frames, channels).
        rate: hertz.
        channels: of the file.
        silent: frames to leave out at the start, which stand for the header.
    """

    blocks: Iterator[npt.NDArray[np.float32]]
    rate: int
    channels: int
    silent: int


def whole_mp3(path: Path, frames: int, most: int) -> Mpeg | None:
    """Decode MPEG audio whose header states no length, or less than the file holds.

    Of a file without a header (Xing or Info) libsndfile guesses the length from the first frame.

    Args:
        path: of an MP3, or of a WAV with one inside.
        frames: that libsndfile believes it holds.
        most: frames beyond which no recording is read.

    Returns:
        The recording; None where libsndfile is right.
    """
    import miniaudio

    content = _mpeg_of(path)
    header = re.search(rb"Xing|Info", content[:200])
    stated, silent = None, 0
    if header is not None:
        flags, number = struct.unpack_from(">II", content, header.end())
        silent = 1152 if content[1] >> 3 & 3 == 3 else 576
        stated = number * silent if flags & 1 and number else None
        # Without its name the header is a frame of silence, and all that follows is counted.
        content = content[: header.start()] + bytes(4) + content[header.end() :]
    try:
        about = miniaudio.mp3_get_info(content)
    except miniaudio.DecodeError:
        return None
    held = about.num_frames - silent
    if held == frames or (stated is not None and held <= stated + silent):
        return None
    blocks = _decoded(content, about.nchannels, about.sample_rate, most)
    return Mpeg(blocks, about.sample_rate, about.nchannels, silent)


def _mpeg_of(path: Path) -> bytes:
    """Return the MPEG frames of an MP3 file, or of a WAV file with one inside."""
    with path.open("rb") as file:
        start = _after_tag(file)
        file.seek(start)
        if file.read(4) == b"RIFF":
            end = file.seek(0, io.SEEK_END)
            for marker, at, size in _chunks(file, start + 12, end, "<I"):
                if marker == b"data":
                    file.seek(at)
                    return file.read(min(size, end - at))
        file.seek(start)
        return file.read()


def _decoded(
    content: bytes, channels: int, rate: int, most: int
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield samples of shape (frames, channels) as the second decoder reads them.

    Raises:
        MisstatedError: there are more than `most` frames.
    """
    import miniaudio

    done = 0
    form = miniaudio.SampleFormat.FLOAT32
    for block in miniaudio.stream_memory(content, form, channels, rate, _AT_ONCE):
        done += len(block) // channels
        if done > most:
            raise MisstatedError("it is longer than an hour")
        yield np.frombuffer(block, np.float32).reshape(-1, channels)
