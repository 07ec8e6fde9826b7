import warnings

import pytest
import torch
from torch import Tensor

from xlser.training import mixup, strong_view
from xlser.training.parts.views import _stretched

FRAMES, MELS = 100, 64


def view_of(speech: Tensor, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    return strong_view(speech)


def silence(count: int) -> Tensor:
    """Crops of zeros: what a view adds to them is gain and noise, what is still 0 is masked."""
    return torch.zeros(count, FRAMES, MELS)


BOTH = [torch.randn(6, FRAMES, MELS), torch.randn(6, 256)]
both_tracks = pytest.mark.parametrize("speech", BOTH, ids=["crops", "embeddings"])


@both_tracks
def test_a_strong_view_has_the_shape_and_type_of_what_it_is_of(speech: Tensor) -> None:
    view = strong_view(speech)
    assert (view.shape, view.dtype) == (speech.shape, torch.float32)
    assert torch.isfinite(view).all()


@both_tracks
def test_a_strong_view_leaves_the_speech_as_it_was(speech: Tensor) -> None:
    before = speech.clone()
    assert not torch.equal(strong_view(speech), speech)
    assert torch.equal(speech, before)


@both_tracks
def test_of_nobody_there_is_no_view_and_no_warning(speech: Tensor) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert strong_view(speech[:0]).shape == speech[:0].shape


@both_tracks
def test_a_strong_view_follows_the_seed(speech: Tensor) -> None:
    assert torch.equal(view_of(speech, seed=1), view_of(speech, seed=1))
    assert not torch.equal(view_of(speech, seed=1), view_of(speech, seed=2))


@both_tracks
def test_equal_utterances_have_views_of_their_own(speech: Tensor) -> None:
    # Beside a stranger, so that even embeddings have a spread to draw noise from.
    same = torch.cat([speech[:1], speech[:1], speech[:1], speech[1:2]])
    one, other, third, _ = strong_view(same)
    assert not torch.equal(one, other)
    assert not torch.equal(other, third)


@pytest.mark.parametrize("frames", [1, 3, 16])
def test_crops_may_be_as_short_as_a_frame(frames: int) -> None:
    assert torch.isfinite(strong_view(torch.randn(3, frames, MELS))).all()


def test_stretching_reads_an_utterance_at_another_rate() -> None:
    torch.manual_seed(0)
    ramp = torch.arange(1.0, FRAMES + 1)[None, :, None].repeat(40, 1, 2)
    stretched = _stretched(ramp)
    rates = stretched[:, 1, 0] - 1  # the second frame is read at 1 x rate
    assert ((rates >= 0.9 - 1e-5) & (rates <= 1.1 + 1e-5)).all()
    assert rates.min() < 0.92
    assert rates.max() > 1.08
    assert torch.equal(stretched[..., 0], stretched[..., 1])
    for rate, row in zip(rates.double(), stretched[..., 0].double(), strict=True):
        position = rate * torch.arange(FRAMES, dtype=torch.float64)
        within = position <= FRAMES - 1
        torch.testing.assert_close(row[within], 1 + position[within], atol=1e-2, rtol=0)
        past = position >= FRAMES
        assert row[past].count_nonzero() == 0
        fading = ~within & ~past  # between the last frame and the 0 past the end
        expected = FRAMES * (FRAMES - position[fading])
        torch.testing.assert_close(row[fading], expected, atol=1e-1, rtol=0)


def test_stretching_keeps_every_utterance_to_itself() -> None:
    constant = torch.arange(1.0, 9.0)[:, None, None].expand(8, 20, 3)
    first_frames = _stretched(constant)[:, :15]
    torch.testing.assert_close(first_frames, constant[:, :15])


def masks(view: Tensor) -> tuple[Tensor, Tensor]:
    """Which bands and which frames of each view of silence are masked."""
    masked = view == 0
    bands, frames = masked.all(dim=1), masked.all(dim=2)
    assert torch.equal(masked, bands[:, None, :] | frames[:, :, None])  # no holes elsewhere
    return bands, frames


def runs(masked: Tensor) -> int:
    """How many runs of True a row has."""
    edges = torch.cat([torch.zeros(1, dtype=torch.bool), masked])
    return int((edges[1:] & ~edges[:-1]).sum())


def test_masks_take_up_to_a_quarter_of_the_bands_and_a_fifth_of_the_time_twice() -> None:
    bands, frames = masks(view_of(silence(200)))
    for masked, largest in ((bands, MELS // 4), (frames, FRAMES // 5)):
        counts = masked.sum(dim=1)
        assert counts.max() <= 2 * largest
        assert counts.max() > largest  # more than one mask could
        assert max(map(runs, masked)) == 2
        assert 0.6 * largest < counts.float().mean() < largest  # each mask half its largest
        alone = counts[torch.tensor([runs(row) == 1 for row in masked])]
        assert len(alone) < 100  # most often there are two apart


def test_every_utterance_is_masked_elsewhere() -> None:
    bands, frames = masks(view_of(silence(50)))
    assert len(bands.unique(dim=0)) > 40
    assert len(frames.unique(dim=0)) > 40


def test_gain_is_one_number_an_utterance_and_noise_one_an_entry() -> None:
    view = view_of(silence(200))
    gains = torch.stack([crop[crop != 0].mean() for crop in view])
    spreads = torch.stack([crop[crop != 0].std() for crop in view])
    assert gains.abs().max() < 0.37
    assert gains.min() < -0.3
    assert gains.max() > 0.3
    assert gains.mean().abs() < 0.06
    torch.testing.assert_close(spreads, torch.full((200,), 0.2), atol=0.02, rtol=0)


def test_a_view_of_an_embedding_is_noisy_and_lacks_a_tenth() -> None:
    torch.manual_seed(0)
    scale = torch.linspace(0.1, 10, 256)
    speech = 3 + scale * torch.randn(400, 256)
    view = view_of(speech)
    dropped = view == speech.mean(dim=0)
    assert 0.09 < dropped.float().mean() < 0.11
    assert dropped.any(dim=1).all()
    noise = torch.where(dropped, torch.nan, view - speech)
    relative = noise / speech.std(dim=0)
    assert 0.19 < relative[~dropped].std() < 0.21
    # In proportion to the spread of its dimension.
    for part in (relative[:, :50], relative[:, -50:]):
        assert 0.18 < part[~part.isnan()].std() < 0.22


def test_a_lone_embedding_is_its_own_mean_and_without_spread() -> None:
    speech = torch.randn(1, 256)
    assert torch.equal(strong_view(speech), speech)


def test_a_mixture_has_its_share_of_either() -> None:
    one, other = torch.tensor([[1.0, 2.0]]), torch.tensor([[5.0, -2.0]])
    assert torch.equal(mixup(one, other, 0.75), torch.tensor([[2.0, 1.0]]))
    assert torch.equal(mixup(one, other, torch.tensor(1.0)), one)
    assert torch.equal(mixup(one, other, torch.tensor(0.0)), other)


def tones(*samples: int) -> torch.Tensor:
    """Return a tone of 100 Hz each, shape (batch, 16000, 1), zero after so many samples."""
    time = torch.arange(16_000)
    sounding = time < torch.tensor(samples)[:, None]
    return ((time / 16_000 * 100 * 2 * torch.pi + 0.5).sin() * 0.2 * sounding)[..., None]


def test_a_strong_view_of_a_waveform_changes_speed_loudness_and_noise_and_masks_time() -> None:
    torch.manual_seed(0)
    weak = tones(*[16_000] * 40)
    strong = strong_view(weak)
    assert strong.shape == weak.shape
    sounding = strong[..., 0] != 0
    share = sounding.float().mean(dim=1)
    assert 0.5 < share.min() < share.max()
    assert (share < 0.99).sum() > 30  # most lose a tenth or more to masks
    loudness = (strong.square().sum(dim=1)[:, 0] / sounding.sum(dim=1) / (0.2**2 / 2)).sqrt()
    assert 0.45 < loudness.min() < 0.8 < 1.25 < loudness.max() < 2.15
    peaks = torch.fft.rfft(strong[..., 0]).abs()[:, 1:].argmax(dim=1) + 1
    assert peaks.min() >= 88
    assert peaks.max() <= 112
    assert len(peaks.unique()) > 5


def test_zeros_at_the_end_of_a_waveform_stay_zeros() -> None:
    torch.manual_seed(0)
    strong = strong_view(tones(8_000, 0))
    assert not strong[0, 9_000:].any()
    assert strong[0, :7_000].any()
    assert not strong[1].any()
