"""From a file to 16 kHz mono samples, or to an error that names the file."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests import trees

from xlser.audio import SAMPLE_RATE, load
from xlser.errors import AudioError


def test_mono_speech_at_16_khz_passes_unchanged(tmp_path: Path) -> None:
    samples = trees.noise()
    file = trees.record(tmp_path / "a.wav", samples, subtype="FLOAT")
    assert np.array_equal(load(file), samples)


def test_16_bit_samples_are_scaled_to_full_scale_one(tmp_path: Path) -> None:
    steps = np.array([0, 1, -1, 32767, -32768], dtype=np.int16)
    soundfile.write(tmp_path / "a.wav", steps, SAMPLE_RATE)
    assert np.array_equal(load(tmp_path / "a.wav") * 32768, steps)


def test_channels_are_averaged(tmp_path: Path) -> None:
    left, right = trees.noise(1), trees.noise(2)
    file = trees.record(tmp_path / "a.wav", np.stack([left, right], axis=1), subtype="FLOAT")
    assert np.allclose(load(file), (left + right) / 2, atol=1e-7)


@pytest.mark.parametrize("rate", [96_000, 48_000, 44_100, 24_414, 8_000])
def test_other_rates_are_resampled_and_keep_their_duration(rate: int, tmp_path: Path) -> None:
    samples = load(trees.record(tmp_path / "a.wav", trees.tone(1000, rate), rate))
    assert samples.dtype == np.float32
    assert abs(len(samples) - SAMPLE_RATE) <= 1


@pytest.mark.parametrize("rate", [96_000, 48_000, 44_100, 24_414, 8_000])
def test_tone_keeps_its_pitch_and_level_when_resampled(rate: int, tmp_path: Path) -> None:
    samples = load(trees.record(tmp_path / "a.wav", trees.tone(1000, rate), rate))
    middle = samples[4000:12000]  # half a second, away from the filter's edges
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * SAMPLE_RATE / len(middle) == pytest.approx(1000, abs=2)
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.5, rel=1e-3)


def test_what_16_khz_cannot_hold_is_filtered_out(tmp_path: Path) -> None:
    samples = load(trees.record(tmp_path / "a.wav", trees.tone(11_000, 48_000), 48_000))
    assert np.abs(samples[1000:-1000]).max() < 1e-4


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "aiff", "au", "mp3"])
def test_formats_of_libsndfile_are_read(ending: str, tmp_path: Path) -> None:
    file = trees.record(tmp_path / f"a.{ending}", trees.tone(440, SAMPLE_RATE))
    assert np.abs(load(file)[4000:12000]).max() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("ending", "lost"),
    [
        *((ending, 1000) for ending in ["wav", "flac", "aiff", "au", "w64", "mp3"]),
        *((ending, 80) for ending in ["wav", "aiff", "au", "w64"]),
        *((ending, 1) for ending in ["flac", "mp3"]),
    ],
)
def test_truncated_file_is_refused_by_name(ending: str, lost: int, tmp_path: Path) -> None:
    file = trees.cut(trees.record(tmp_path / f"short.{ending}"), lost)
    with pytest.raises(AudioError, match=rf"short\.{ending} (is cut short|cannot be decoded)"):
        load(file)


def test_wav_of_a_stream_of_unknown_length_is_read(tmp_path: Path) -> None:
    file = trees.record(tmp_path / "a.wav")
    content = bytearray(file.read_bytes())
    for place in (4, 40):  # the sizes of RIFF and of data, as a pipe leaves them
        struct.pack_into("<I", content, place, 0xFFFFFFFF)
    file.write_bytes(content)
    assert len(load(file)) == len(trees.noise())


def empty(file: Path) -> None:
    file.write_bytes(b"")


def header_only(file: Path) -> None:
    trees.record(file, np.zeros(0, dtype=np.float32))


def text(file: Path) -> None:
    file.write_text("this is no recording\n" * 100)


def not_a_number(file: Path) -> None:
    samples = trees.noise()
    samples[7] = np.nan
    trees.record(file, samples, subtype="FLOAT")


def infinite(file: Path) -> None:
    samples = trees.noise()
    samples[7] = np.inf
    trees.record(file, samples, subtype="FLOAT")


def silent(file: Path) -> None:
    trees.record(file, np.zeros(1600, dtype=np.float32))


def cancelling(file: Path) -> None:
    trees.record(file, np.stack([trees.noise(), -trees.noise()], axis=1), subtype="FLOAT")


def folder(file: Path) -> None:
    file.mkdir()


def broken_link(file: Path) -> None:
    file.symlink_to(file.parent / "nowhere.wav")


def link_to_itself(file: Path) -> None:
    file.symlink_to(file)


def nothing(file: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (empty, "cannot be decoded"),
        (header_only, "holds no samples"),
        (text, "cannot be decoded"),
        (not_a_number, "not finite"),
        (infinite, "not finite"),
        (silent, "is silent"),
        (cancelling, "is silent"),
        (folder, "cannot be decoded"),
        (broken_link, "cannot be decoded"),
        (link_to_itself, "cannot be decoded"),
        (nothing, "cannot be decoded"),
    ],
)
def test_unusable_file_is_named_with_its_fault(spoil, fault: str, tmp_path: Path) -> None:
    file = tmp_path / "03a01Fa.wav"
    spoil(file)
    with pytest.raises(AudioError, match=fault) as error:
        load(file)
    assert str(file) in error.value.problem
    assert "--exclude" in error.value.remedy


def test_quietest_possible_sound_is_not_silence(tmp_path: Path) -> None:
    steps = np.zeros(1600, dtype=np.int16)
    steps[800] = 1
    soundfile.write(tmp_path / "a.wav", steps, SAMPLE_RATE)
    assert np.count_nonzero(load(tmp_path / "a.wav")) == 1


def test_path_that_is_no_utf8_is_read(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/Col\x8are"
    try:
        os.mkdir(folder)  # noqa: PTH102 (bytes, as an archive of code page 850 leaves them)
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    file = trees.record(tmp_path / "a.wav").rename(os.fsdecode(folder + b"/01-C-1-1.wav"))
    assert len(load(file)) == len(trees.noise())


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"\0\0\0\x20ftypM4A ", "MP4 or M4A audio; convert it"),
        (b"0&\xb2u\x8ef\xcf\x11", "WMA audio; convert it"),
        (b"\x1aE\xdf\xa3\x01", "WebM or Matroska; convert it"),
        (b"#!AMR\n", "AMR audio; convert it"),
        (b"version https://git-lfs.github.com/spec/v1\n", "`git lfs pull`"),
        (b"<!DOCTYPE html>\n", "a web page"),
    ],
)
def test_what_is_no_recording_under_its_name_is_named(
    start: bytes, what: str, tmp_path: Path
) -> None:
    path = tmp_path / "1.wav"
    path.write_bytes(start + bytes(2000))
    with pytest.raises(AudioError, match="cannot be decoded") as error:
        load(path)
    assert what in error.value.problem


def test_mp3_under_the_name_of_a_wav_is_decoded(tmp_path: Path) -> None:
    path = trees.record(tmp_path / "1.wav", trees.tone(440, 16_000), format="MP3")
    assert abs(len(load(path)) - 16_000) < 3000
