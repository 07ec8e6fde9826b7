"""Headers that misstate the length of a recording: what decodes counts, or the file is named."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests import trees

from xlser.audio import SAMPLE_RATE, load
from xlser.audio.decode import LONGEST, stated_seconds
from xlser.errors import AudioError

SAMPLES = 16_000


def written(file: Path, samples: np.ndarray | None = None, **how: object) -> bytearray:
    """Write a second of noise and return the file's content."""
    samples = trees.noise(seconds=1) if samples is None else samples
    soundfile.write(file, samples, SAMPLE_RATE, **how)
    return bytearray(file.read_bytes())


def resized(content: bytearray, marker: bytes, size: int, order: str) -> bytearray:
    """State another size for a chunk and, as far as it goes, for the whole."""
    at = content.index(marker) + 4
    struct.pack_into(f"{order}I", content, at, size)
    struct.pack_into(f"{order}I", content, 4, min(size + at - 4, 0xFFFFFFFF))
    return content


UNKNOWN = [0, 0x7F000000, 0x7FFFF000, 0x7FFFFFFF, 0x7FFFFFDC, 0x80000000, 0xFFFFFFFF]


@pytest.mark.parametrize("size", UNKNOWN, ids=hex)
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ALAW"])
def test_wav_written_to_a_pipe_is_read_whole(size: int, subtype: str, tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    content = written(file, subtype=subtype)
    expected = load(file)
    file.write_bytes(resized(content, b"data", size, "<"))
    assert np.array_equal(load(file), expected)


@pytest.mark.parametrize("size", [0, 8, 0x7F000008, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF], ids=hex)
@pytest.mark.parametrize("frames", [0, 0x3F800000, 0xFFFFFFFF], ids=hex)
def test_aiff_written_to_a_pipe_is_read_whole(size: int, frames: int, tmp_path: Path) -> None:
    file = tmp_path / "a.aiff"
    content = written(file)
    expected = load(file)
    struct.pack_into(">I", content, content.index(b"COMM") + 10, frames)
    file.write_bytes(resized(content, b"SSND", size, ">"))
    assert np.array_equal(load(file), expected)


@pytest.mark.parametrize("size", UNKNOWN, ids=hex)
def test_au_written_to_a_pipe_is_read_whole(size: int, tmp_path: Path) -> None:
    file = tmp_path / "a.au"
    content = written(file, endian="BIG")
    assert content.startswith(b".snd")
    struct.pack_into(">I", content, 8, size)
    file.write_bytes(content)
    assert len(load(file)) == SAMPLES


def test_big_endian_wav_written_to_a_pipe_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    content = written(file, endian="BIG")
    assert content.startswith(b"RIFX")
    file.write_bytes(resized(content, b"data", 0, ">"))
    assert len(load(file)) == SAMPLES


@pytest.mark.parametrize("size", [0, 2**63 - 1, 2**64 - 1], ids=hex)
def test_rf64_written_to_a_pipe_is_read_whole(size: int, tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    content = written(file, format="RF64")
    struct.pack_into("<QQ", content, content.index(b"ds64") + 8, size, size)
    file.write_bytes(content)
    assert len(load(file)) == SAMPLES


def test_caf_written_to_a_pipe_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.caf"
    content = written(file)
    struct.pack_into(">q", content, content.index(b"data") + 4, -1)
    file.write_bytes(content)
    assert len(load(file)) == SAMPLES
    struct.pack_into(">q", content, content.index(b"data") + 4, 16_004)
    file.write_bytes(content)
    with pytest.raises(AudioError, match="its header counts 16004 bytes"):
        load(file)


@pytest.mark.parametrize("beyond", [1, 2, 8, 36, 44])
@pytest.mark.parametrize(
    ("ending", "marker", "order", "size"),
    [("wav", b"data", "<", 2 * SAMPLES), ("aiff", b"SSND", ">", 2 * SAMPLES + 8)],
)
def test_header_that_counts_a_few_bytes_too_many_is_borne(
    ending: str, marker: bytes, order: str, size: int, beyond: int, tmp_path: Path
) -> None:
    file = tmp_path / f"a.{ending}"
    file.write_bytes(resized(written(file), marker, size + beyond, order))
    assert len(load(file)) == SAMPLES


@pytest.mark.parametrize("size", [100, 16_000, 31_000])
@pytest.mark.parametrize(
    ("ending", "marker", "order"), [("wav", b"data", "<"), ("aiff", b"SSND", ">")]
)
def test_header_that_counts_too_few_samples_is_not_trusted(
    ending: str, marker: bytes, order: str, size: int, tmp_path: Path
) -> None:
    file = tmp_path / f"a.{ending}"
    file.write_bytes(resized(written(file), marker, size, order))
    with pytest.raises(AudioError, match=rf"a\.{ending} cannot be trusted: its header counts"):
        load(file)


@pytest.mark.parametrize(
    "tail",
    [
        b"LIST" + struct.pack("<I", 4) + b"INFO",
        b"LIST" + struct.pack("<I", 301) + b"INFO" + b"a" * 297,  # odd, and not padded
        b"id3 " + struct.pack("<I", 200) + b"\xff" * 200,
        bytes(3000),
        b"TAG" + b"\xff" * 125,
        b"\xff",
    ],
)
def test_what_follows_the_samples_is_passed_over(tail: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    file.write_bytes(written(file) + tail)
    assert len(load(file)) == SAMPLES


def test_wav_without_samples_before_other_chunks_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    content = resized(written(file), b"data", 0, "<")
    note = b"LIST" + struct.pack("<I", 4) + b"INFO"
    file.write_bytes(content[: content.index(b"data") + 8] + note)
    with pytest.raises(AudioError, match="holds no samples"):
        load(file)


def flac_of_length(file: Path, frames: int, tag: bytes = b"") -> None:
    content = written(file)
    assert content[:4] == b"fLaC"
    content[21] = content[21] & 0xF0 | frames >> 32
    content[22:26] = struct.pack(">I", frames & 0xFFFFFFFF)
    file.write_bytes(tag + content)


ID3 = b"ID3\x04\0\0\0\0\x02\x01" + bytes(257)


@pytest.mark.parametrize("frames", [0, 1, 8000, 15_999])
@pytest.mark.parametrize("tag", [b"", ID3], ids=["bare", "tagged"])
def test_flac_that_states_no_or_too_small_a_length_is_read_whole(
    frames: int, tag: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "a.flac"
    flac_of_length(file, SAMPLES)
    expected = load(file)
    flac_of_length(file, frames, tag)
    assert np.array_equal(load(file), expected)


@pytest.mark.parametrize("bit", [3, 16, 20, 26, 31, 33, 35])
def test_flac_with_a_bit_of_its_length_flipped_is_named(bit: int, tmp_path: Path) -> None:
    file = tmp_path / "a.flac"
    frames = SAMPLES | 1 << bit
    assert frames > SAMPLES
    flac_of_length(file, frames)
    with pytest.raises(AudioError, match=r"a\.flac (cannot be decoded|is cut short|promises)"):
        load(file)


def test_damaged_flac_of_unknown_length_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.flac"
    flac_of_length(file, 0)
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)
    with pytest.raises(AudioError, match=r"a\.flac cannot be decoded"):
        load(file)


@pytest.mark.parametrize("subtype", ["GSM610", "G721_32", "NMS_ADPCM_16", "NMS_ADPCM_32"])
def test_wav_of_codecs_that_cannot_be_searched_is_read(subtype: str, tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    soundfile.write(file, trees.tone(440, 8000), 8000, subtype=subtype)
    samples = load(file)
    assert 0 <= len(samples) - SAMPLES <= 2 * 640  # GSM comes in blocks of 320 at 8 kHz
    assert np.sqrt(2 * np.mean(samples[4000:12000] ** 2)) == pytest.approx(0.5, rel=0.1)


def header_length(mp3: bytes) -> int:
    """Return the length of the first frame."""
    old = (mp3[1] >> 3 & 3) == 2
    rate = ([44100, 48000, 32000], [22050, 24000, 16000])[old][mp3[2] >> 2 & 3]
    kbit = (
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    )[old][mp3[2] >> 4]
    return (72 if old else 144) * kbit * 1000 // rate + (mp3[2] >> 1 & 1)


QUIET, LOUD = np.zeros(16_000), np.random.default_rng(0).normal(0, 0.2, 32_000).clip(-1, 1)
TURNS = {
    "loud first": np.r_[LOUD, QUIET],
    "quiet first": np.r_[QUIET + 1e-4 * LOUD[:16_000], LOUD],
    "turn by turn": np.r_[QUIET, LOUD, QUIET, LOUD],
}


def mp3(file: Path, samples: np.ndarray, rate: int, mode: str) -> bytes:
    how = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": mode}
    soundfile.write(file, samples, rate, compression_level=0.5, **how)
    return file.read_bytes()


def within_wav(mpeg: bytes) -> bytes:
    """Put an MP3 into a WAV file."""
    form = struct.pack("<HHIIHHHHIHHH", 0x55, 1, 16000, 8000, 1, 0, 12, 1, 2, 576, 1, 1393)
    chunks = ((b"fmt ", form), (b"data", mpeg))
    body = b"WAVE" + b"".join(m + struct.pack("<I", len(c)) + c for m, c in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("mode", ["VARIABLE", "AVERAGE", "CONSTANT"])
@pytest.mark.parametrize("channels", [1, 2])
def test_mp3_without_a_header_of_its_length_is_read_whole(
    turn: str, rate: int, mode: str, channels: int, tmp_path: Path
) -> None:
    file = tmp_path / "a.mp3"
    samples = np.stack([TURNS[turn]] * channels, axis=1)
    content = mp3(file, samples, rate, mode)
    whole = load(file)
    assert {content.find(b"Xing"), content.find(b"Info")} != {-1}
    file.write_bytes(content[header_length(content) :])
    found = load(file)
    assert len(whole) <= len(found) <= len(whole) + 3 * 1152  # what the header says to cut off
    begin = len(whole) // 3
    stretch = whole[begin : begin + 8000]
    assert (
        min(float(np.abs(found[begin + shift :][:8000] - stretch).max()) for shift in range(1700))
        < 0.05
        or rate != SAMPLE_RATE
    )  # resampled ones are shifted by parts of a sample


@pytest.mark.parametrize("turn", TURNS)
def test_mp3_within_wav_is_read_whole(turn: str, tmp_path: Path) -> None:
    content = mp3(tmp_path / "a.mp3", TURNS[turn], 16_000, "VARIABLE")
    whole = load(tmp_path / "a.mp3")
    file = tmp_path / "a.wav"
    file.write_bytes(within_wav(content))
    assert np.array_equal(load(file), whole)
    file.write_bytes(within_wav(content[header_length(content) :]))
    assert len(load(file)) >= len(whole)


def test_mp3_files_joined_end_to_end_are_read_to_the_end(tmp_path: Path) -> None:
    content = mp3(tmp_path / "a.mp3", LOUD, 16_000, "VARIABLE")
    (tmp_path / "a.mp3").write_bytes(content * 3)
    assert len(load(tmp_path / "a.mp3")) >= 3 * len(LOUD)


def test_tagged_mp3_is_read_as_without_its_tag(tmp_path: Path) -> None:
    content = mp3(tmp_path / "a.mp3", LOUD, 16_000, "VARIABLE")
    plain = load(tmp_path / "a.mp3")
    (tmp_path / "a.mp3").write_bytes(ID3 + content + b"TAG" + bytes(125))
    assert np.array_equal(load(tmp_path / "a.mp3"), plain)


@pytest.mark.parametrize("ending", ["caf", "voc", "nist", "rf64", "ogg"])
def test_other_formats_cut_short_are_named(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"a.{ending}"
    written(file, trees.noise(seconds=3), format=ending.upper())
    trees.cut(file, 5000)
    with pytest.raises(AudioError, match=r"a\.\w+ (is cut short|cannot be decoded)"):
        load(file)


def test_ogg_streams_joined_end_to_end_are_named(tmp_path: Path) -> None:
    file = tmp_path / "a.ogg"
    file.write_bytes(written(file) * 2)
    with pytest.raises(AudioError, match="several Ogg streams"):
        load(file)


@pytest.mark.parametrize("rate", [1, 100, 1999, 768_001, 2**31 - 1, 2**32 - 1])
def test_nonsense_sample_rate_is_named_and_takes_no_memory(rate: int, tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    content = written(file)
    struct.pack_into("<I", content, 24, rate)
    file.write_bytes(content)
    with pytest.raises(AudioError, match=r"states a sample rate of|cannot be decoded"):
        load(file)


def test_recording_of_more_than_an_hour_is_named_before_it_is_decoded(tmp_path: Path) -> None:
    file = tmp_path / "a.flac"
    rate, seconds = 8000, LONGEST + 1
    with soundfile.SoundFile(file, "w", rate, 1) as out:
        for _ in range(seconds):
            out.write(np.zeros(rate, dtype=np.int16))
    assert file.stat().st_size < 1 << 20
    with pytest.raises(AudioError, match="more than an hour"):
        load(file)


@pytest.mark.parametrize("level", [0.5, -0.9, 2.0**-14])
def test_constant_recording_is_silent(level: float, tmp_path: Path) -> None:
    file = trees.record(tmp_path / "a.wav", np.full(3200, level, dtype=np.float32), subtype="FLOAT")
    with pytest.raises(AudioError, match="is silent but for an offset"):
        load(file)


def test_speech_upon_an_offset_is_not_silent(tmp_path: Path) -> None:
    samples = 0.5 + trees.noise()
    assert np.array_equal(load(trees.record(tmp_path / "a.wav", samples, subtype="FLOAT")), samples)


@pytest.mark.parametrize("factor", [1e17, 1e30, 3e38])
def test_samples_far_beyond_full_scale_are_named(factor: float, tmp_path: Path) -> None:
    samples = np.float32(factor) * np.sign(trees.noise())
    with pytest.raises(AudioError, match="times full scale"):
        load(trees.record(tmp_path / "a.wav", samples, subtype="FLOAT"))


def test_float_samples_on_the_scale_of_integers_are_read(tmp_path: Path) -> None:
    samples = 32768 * trees.noise()
    assert np.array_equal(load(trees.record(tmp_path / "a.wav", samples, subtype="FLOAT")), samples)


def test_stated_duration_never_fails_and_has_a_bound(tmp_path: Path) -> None:
    trees.record(tmp_path / "a.wav", trees.noise(seconds=2))
    assert stated_seconds(tmp_path / "a.wav") == 2
    flac_of_length(tmp_path / "b.flac", 0)
    assert stated_seconds(tmp_path / "b.flac") == LONGEST
    (tmp_path / "c.wav").write_bytes(b"no recording")
    assert stated_seconds(tmp_path / "c.wav") == stated_seconds(tmp_path / "none.wav") == 0
