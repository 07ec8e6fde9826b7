"""The log-mel front-end against computations that share no code with it."""

import numpy as np
import pytest
import torch
import torchaudio
from tests import trees

from xlser.audio import Extractor, FrontEnd
from xlser.errors import AudioError

PAPER = FrontEnd()  # 64 ms window
BYOL_S = FrontEnd(window=400)  # 25 ms window in the same FFT

# Half precision has 11 bits; normalised values lie within +-8.
HALF = 2.0**-9


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    """Half a second of a rising tone in noise, shape (samples,)."""
    time = np.arange(8000) / 16_000
    sweep = 0.3 * np.sin(2 * np.pi * (200 * time + 3000 * time**2))
    return (sweep + trees.noise(seed=5, seconds=0.5) / 10).astype(np.float32)


@pytest.mark.parametrize("frontend", [PAPER, BYOL_S], ids=["64 ms", "25 ms"])
def test_log_mel_equals_the_transform_called_by_hand(
    frontend: FrontEnd, speech: np.ndarray
) -> None:
    transform = torchaudio.transforms.MelSpectrogram(
        sample_rate=16_000,
        n_fft=1024,
        win_length=frontend.window,
        hop_length=160,
        f_min=60.0,
        f_max=7800.0,
        n_mels=64,
    )
    logmel = torch.log(transform(torch.from_numpy(speech)) + torch.finfo(torch.float32).eps)
    expected = ((logmel - logmel.mean()) / logmel.std()).T.numpy()
    assert np.abs(Extractor(frontend)(speech).frames - expected).max() <= HALF


@pytest.mark.parametrize("frontend", [PAPER, BYOL_S], ids=["64 ms", "25 ms"])
def test_log_mel_equals_its_definition(frontend: FrontEnd, speech: np.ndarray) -> None:
    logmel = log_mel_by_definition(speech, frontend.window)
    mel = Extractor(frontend)(speech)
    assert mel.mean == pytest.approx(logmel.mean(), abs=1e-5)
    assert mel.std == pytest.approx(logmel.std(ddof=1), abs=1e-5)
    # The rest of the difference, float32 against float64, is far below half precision.
    expected = (logmel - logmel.mean()) / logmel.std(ddof=1)
    assert np.abs(mel.frames - expected).max() <= HALF


def log_mel_by_definition(samples: np.ndarray, window: int) -> np.ndarray:
    """Log-mel of 16 kHz samples in double precision, shape (frames, 64), natural log.

    Frames of 1024 every 160 samples, centred by reflection, periodic Hann window in the middle,
    power spectrum, 64 triangles of peak one between 60 and 7800 Hz, equally wide on the HTK scale.
    """
    padded = np.pad(samples.astype(np.float64), 512, mode="reflect")
    starts = range(0, len(padded) - 1024 + 1, 160)
    hann = np.zeros(1024)
    edge = (1024 - window) // 2
    hann[edge : edge + window] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    frames = np.stack([padded[start : start + 1024] * hann for start in starts])
    power = np.abs(np.fft.rfft(frames)) ** 2

    lowest, highest = (2595 * np.log10(1 + hertz / 700) for hertz in (60, 7800))
    corners = 700 * (10 ** (np.linspace(lowest, highest, 66) / 2595) - 1)
    bins = np.arange(513) * 16_000 / 1024
    bands = [
        np.clip(np.minimum((bins - low) / (peak - low), (high - bins) / (high - peak)), 0, None)
        for low, peak, high in zip(corners, corners[1:], corners[2:], strict=False)
    ]
    return np.log(power @ np.stack(bands, axis=1) + 2.0**-23)


@pytest.mark.parametrize("frontend", [PAPER, BYOL_S], ids=["64 ms", "25 ms"])
def test_frames_have_mean_zero_and_deviation_one(frontend: FrontEnd, speech: np.ndarray) -> None:
    frames = Extractor(frontend)(speech).frames
    assert frames.dtype == np.float16
    assert frames.astype(np.float64).mean() == pytest.approx(0, abs=1e-3)
    assert frames.astype(np.float64).std() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("samples", [1024, 1119, 1120, 8000, 16_000])
def test_there_is_a_frame_every_ten_milliseconds(samples: int) -> None:
    frames = Extractor(PAPER)(trees.noise(seconds=samples / 16_000)).frames
    assert frames.shape == (1 + samples // 160, 64)


def test_digital_silence_is_floored_in_natural_log_units(speech: np.ndarray) -> None:
    samples = np.concatenate([speech, np.zeros(8000, dtype=np.float32)])
    mel = Extractor(PAPER)(samples)
    silent = mel.frames[-20:].astype(np.float64) * mel.std + mel.mean
    assert silent == pytest.approx(np.log(2.0**-23), abs=0.02)


def test_loudness_is_normalised_away(speech: np.ndarray) -> None:
    loud = Extractor(PAPER)(speech * 10)
    quiet = Extractor(PAPER)(speech)
    assert loud.mean - quiet.mean == pytest.approx(np.log(100), abs=0.01)
    assert np.abs(loud.frames - quiet.frames).max() < 0.02


def test_higher_tone_lies_in_a_higher_band() -> None:
    bands = [
        int(Extractor(PAPER)(trees.tone(hertz, 16_000)).frames[50].argmax())
        for hertz in (100, 500, 1000, 2000, 4000, 7500)
    ]
    assert bands == sorted(set(bands))


@pytest.mark.parametrize(
    ("frontend", "shortest"), [(PAPER, 1024), (BYOL_S, 513)], ids=["64 ms", "25 ms"]
)
def test_speech_too_short_for_one_frame_is_refused(frontend: FrontEnd, shortest: int) -> None:
    samples = trees.noise()
    assert len(Extractor(frontend)(samples[:shortest]).frames) == 1 + shortest // 160
    with pytest.raises(AudioError, match=f"{shortest - 1} samples at 16 kHz are too few"):
        Extractor(frontend)(samples[: shortest - 1])


def test_spectrogram_without_contrast_is_refused() -> None:
    with pytest.raises(AudioError, match="constant"):
        Extractor(PAPER)(np.zeros(16_000, dtype=np.float32))


def test_digest_tells_front_ends_apart() -> None:
    assert FrontEnd().digest() == PAPER.digest()
    assert (
        len({FrontEnd(mels=mels, window=w).digest() for mels in (64, 80) for w in (400, 1024)}) == 4
    )
