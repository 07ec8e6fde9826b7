"""Synthesise the demo corpus: `python -m tests.tools.demo_speech OUT_FOLDER`.

**The speech is synthetic and ranks nothing.** The corpus lets every part of the
benchmark run in seconds, without a licence or a download; a score on it says
nothing about how well a method recognises the emotions of people.

Eight voices speak the same three neutral sentences in five emotions and five
languages. An emotion shifts the prosody in the same direction in every language;
its strength, an accent of its own and the recording channel differ by language.

eSpeak NG is GPL-3.0 software; the audio is its output, not a work derived from it.
Runs with the same library versions and platform write identical files; a second
build in one process does not, because eSpeak NG keeps state between utterances.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import soundfile  # type: ignore[import-untyped,unused-ignore]
from numpy.typing import NDArray

from xlser.corpora import demo

Signal = NDArray[np.float64]

SAMPLE_RATE = 16_000  # Hz, of the files written
OPUS_OPTIONS = {"subtype": "OPUS", "compression_level": 0.965}  # about 15 kbit/s
NEUTRAL_LEVEL = -26.0  # dBFS RMS
VOICES = ("f1", "f2", "f3", "f4", "m1", "m2", "m3", "m4")  # eSpeak NG voice variants
SENTENCES_FILE = Path(demo.__file__).with_name("sentences.json")


class Prosody(NamedTuple):
    """How an utterance departs from eSpeak NG's plain reading of it."""

    f0: float  # semitones
    f0_range: float  # eSpeak NG points: 0 is its default range, -50 a monotone
    rate: float  # percent
    level: float  # dB
    tilt: float  # of the spectrum, dB per octave; positive is brighter
    breath: float  # noise, as a fraction of the speech envelope
    tremor: float  # depth of a 6 Hz amplitude modulation, 0 to 1


EMOTIONS = {
    "anger": Prosody(2.5, 25.0, 14.0, 7.0, 2.6, 0.00, 0.00),
    "fear": Prosody(5.5, -15.0, 18.0, -2.0, 0.3, 0.18, 0.45),
    "happiness": Prosody(4.5, 38.0, 6.0, 3.0, 1.0, 0.01, 0.05),
    "neutral": Prosody(0.0, 0.0, 0.0, 0.0, 0.0, 0.02, 0.00),
    "sadness": Prosody(-2.5, -28.0, -16.0, -5.0, -2.2, 0.08, 0.08),
}
# Standard deviations: between the voices, between the languages' accents on one
# emotion, and between the utterances of one voice in one emotion.
VOICE_SPREAD = Prosody(0.8, 6.0, 3.0, 1.5, 0.4, 0.015, 0.02)
ACCENT_SPREAD = Prosody(0.7, 6.0, 2.0, 1.0, 0.35, 0.015, 0.04)
UTTERANCE_SPREAD = Prosody(0.7, 8.0, 4.0, 1.5, 0.4, 0.02, 0.04)
STRENGTH_SPREAD = 0.15  # of the voices' emotional strength, about their language's


class Language(NamedTuple):
    """How a language of the corpus is spoken, and the channel that it comes through."""

    espeak_name: str
    words_per_minute: float  # neutral speaking rate, by eSpeak NG's count of words
    strength: float  # of the emotions: 1 for the shifts of `EMOTIONS`
    tilt: float  # of the channel, dB per octave
    band: tuple[float, float]  # -3 dB edges of the channel, Hz
    noise: float  # of the channel, dBFS RMS


LANGUAGES = {
    "english": Language("en-us", 155, 1.0, 0.0, (60, 7600), -62),
    "french": Language("fr", 125, 1.0, 0.3, (100, 7000), -58),
    "german": Language("de", 165, 1.0, -0.3, (60, 6800), -60),
    "italian": Language("it", 145, 1.15, -0.6, (80, 6200), -60),
    "persian": Language("fa", 180, 0.9, 0.6, (150, 6500), -56),
}


def main() -> None:
    """Build the corpus in the folder named on the command line."""
    parser = argparse.ArgumentParser(description="Synthesise the xlser demo corpus.")
    parser.add_argument("out_folder", type=Path, help="gets <language>/*.ogg")
    build(parser.parse_args().out_folder)


def build(out_folder: Path) -> None:
    """Write the corpus as `out_folder`/<language>/<voice>-<sentence>-<emotion>.ogg."""
    synthesiser = Synthesiser()
    for language in LANGUAGES:
        folder = out_folder / language
        folder.mkdir(parents=True, exist_ok=True)
        for stem, signal in utterances(synthesiser, language):
            (folder / f"{stem}.ogg").write_bytes(encode(signal, f"{language}/{stem}"))


def utterances(synthesiser: Synthesiser, name: str) -> Iterator[tuple[str, Signal]]:
    """Yield the utterances of one language, as (file stem, signal)."""
    language = LANGUAGES[name]
    sentences = json.loads(SENTENCES_FILE.read_text(encoding="utf-8"))[name]
    rate = language.words_per_minute
    for voice in VOICES:
        espeak_voice = f"{language.espeak_name}+{voice}"
        rng = generator(name, voice)
        habits = rng.normal(0, VOICE_SPREAD)
        strength = language.strength * rng.normal(1, STRENGTH_SPREAD)
        vocal_tract = rng.uniform(0.94, 1.06)
        for emotion, shift in EMOTIONS.items():
            accent = generator(name, emotion).normal(0, ACCENT_SPREAD)
            usual = habits + accent + strength * np.array(shift)
            for number, text in enumerate(sentences, start=1):
                stem = f"{voice}-s{number}-{emotion}"
                rng = generator(name, stem)
                prosody = Prosody(*rng.normal(usual, UTTERANCE_SPREAD))
                plain = synthesiser.speak(text, espeak_voice, rate, prosody)
                speech = resample(plain, synthesiser.sample_rate * vocal_tract)
                yield stem, transmit(colour(speech, prosody, rng), language, rng)


class Synthesiser:
    """eSpeak NG, driven by its C interface; gives signals at `sample_rate` (Hz)."""

    def __init__(self) -> None:
        loader = espeakng_loader()
        self._espeak = ctypes.CDLL(loader.get_library_path())
        synchronous = (2, 0, loader.get_data_path().encode(), 0)
        self.sample_rate: int = self._espeak.espeak_Initialize(*synchronous)
        if self.sample_rate <= 0:
            raise RuntimeError("eSpeak NG did not start: reinstall espeakng-loader")
        self._pcm = bytearray()  # 16-bit samples
        number, pointer = ctypes.c_int, ctypes.c_void_p
        callback = ctypes.CFUNCTYPE(number, pointer, number, pointer)
        self._callback = callback(self._collect)  # eSpeak NG does not keep it alive
        self._espeak.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, voice: str, rate: float, prosody: Prosody) -> Signal:
        """Speak with the f0 and rate of `prosody`; neutral is `rate`, words a minute."""
        if self._espeak.espeak_SetVoiceByName(voice.encode()) != 0:
            raise RuntimeError(f"eSpeak NG has no voice {voice!r}")
        points = np.array([4.1 * prosody.f0, prosody.f0_range])  # 50 to the octave
        f0, f0_range = np.clip(50 + points, 0, 99)
        wpm = rate * (1 + prosody.rate / 100)
        for parameter, value in ((1, wpm), (3, f0), (4, f0_range)):  # espeakRATE, ...
            self._espeak.espeak_SetParameter(parameter, round(value), 0)
        self._espeak.espeak_ng_SetRandSeed(1)  # else its breath noise differs by run
        self._pcm.clear()
        utf8 = text.encode() + b"\0"
        size = ctypes.c_size_t(len(utf8))
        if self._espeak.espeak_Synth(utf8, size, 0, 1, 0, 1, None, None) != 0:
            raise RuntimeError(f"eSpeak NG could not speak {text!r}")
        return np.frombuffer(bytes(self._pcm), np.int16) / 32768

    def _collect(self, samples: int | None, count: int, _events: object) -> int:
        if samples:
            self._pcm += ctypes.string_at(samples, 2 * count)
        return 0


def espeakng_loader() -> ModuleType:
    """Return the `espeakng_loader` module, which bundles eSpeak NG and its voices."""
    try:
        return importlib.import_module("espeakng_loader")
    except ModuleNotFoundError as error:
        advice = "eSpeak NG is not installed: run pip install 'xlser[demo-speech]'"
        raise SystemExit(advice) from error


def resample(signal: Signal, rate: float) -> Signal:
    """Resample a signal from `rate` (Hz) to `SAMPLE_RATE`."""
    length = round(len(signal) * SAMPLE_RATE / rate)
    return np.fft.irfft(np.fft.rfft(signal), length) * (length / len(signal))


def colour(signal: Signal, prosody: Prosody, rng: np.random.Generator) -> Signal:
    """Give speech the tilt, breath, tremor and level of `prosody`."""
    tilted = shape(signal, prosody.tilt, (0, np.inf))
    window = np.hanning(SAMPLE_RATE // 50)  # 20 ms
    envelope = np.sqrt(np.convolve(tilted**2, window / window.sum(), mode="same"))
    breath = shape(rng.normal(0, envelope), 0, (1500, 7000))
    breathy = tilted + max(prosody.breath, 0) * breath
    phase = 2 * np.pi * (6 * np.arange(len(signal)) / SAMPLE_RATE + rng.uniform())
    tremor = 1 + max(prosody.tremor, 0) * np.sin(phase)
    return at_level(breathy * tremor, NEUTRAL_LEVEL + prosody.level)


def transmit(signal: Signal, language: Language, rng: np.random.Generator) -> Signal:
    """Pass speech through its language's channel; no sample comes out above 0.8."""
    noise = at_level(rng.normal(0, 1, len(signal)), language.noise)
    received = shape(signal + noise, language.tilt, language.band)
    return received * min(1.0, 0.8 / float(np.abs(received).max()))


def shape(signal: Signal, tilt: float, band: tuple[float, float]) -> Signal:
    """Filter by a tilt about 1 kHz (dB per octave) and a band (edges, Hz)."""
    frequency = np.maximum(np.fft.rfftfreq(len(signal), 1 / SAMPLE_RATE), 1)
    octaves = np.log2(np.maximum(frequency, 60) / 1000)
    low, high = band
    skirts = np.sqrt((1 + (low / frequency) ** 4) * (1 + (frequency / high) ** 8))
    gain = 10 ** (tilt * octaves / 20) / skirts
    return np.asarray(np.fft.irfft(np.fft.rfft(signal) * gain, len(signal)))


def at_level(signal: Signal, level: float) -> Signal:
    """Scale a signal to a level in dBFS RMS."""
    return signal * float(10 ** (level / 20) / np.sqrt(np.mean(signal**2)))


def encode(signal: Signal, name: str) -> bytes:
    """Return a signal as an Ogg Opus file, its serial number fixed by `name`."""
    file = io.BytesIO()
    soundfile.write(file, signal, SAMPLE_RATE, format="OGG", **OPUS_OPTIONS)
    return with_serial(file.getvalue(), zlib.crc32(name.encode()))


def with_serial(stream: bytes, serial: int) -> bytes:
    """Return an Ogg stream with another serial number; libsndfile's is random."""
    pages = b""
    while stream:
        size = 27 + stream[26] + sum(stream[27 : 27 + stream[26]])
        head = stream[:14] + serial.to_bytes(4, "little") + stream[18:22]
        body, stream = stream[26:size], stream[size:]
        pages += head + ogg_checksum(head + bytes(4) + body) + body
    return pages


def ogg_checksum(page: bytes) -> bytes:
    """Return Ogg's CRC-32 of a page: zlib's, with each bit order reversed."""
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in page)
    remainder = zlib.crc32(mirrored, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{remainder:032b}"[::-1], 2).to_bytes(4, "little")


def generator(*names: str) -> np.random.Generator:
    """Return a random generator that depends on `names` alone."""
    return np.random.default_rng(zlib.crc32("/".join(names).encode()))


if __name__ == "__main__":
    main()
