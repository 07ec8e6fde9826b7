import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from xlser.backbones import Backbone, get_backbone
from xlser.backbones.audiontt import AudioNTT512
from xlser.backbones.functionals import LogMelFunctionals


def worn_in(kind: type[Backbone]) -> Backbone:
    """A backbone in evaluation mode whose batch norms have statistics worth getting right."""
    torch.manual_seed(0)
    backbone = kind()
    for layer in backbone.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(std=0.3)
            layer.running_var.uniform_(0.5, 2.0)
            layer.weight.data.uniform_(-1.5, 1.5)  # a negative one would expose a wrong order
            layer.bias.data.normal_(std=0.3)
    return backbone.eval()


AUDIONTT = worn_in(AudioNTT512)
FUNCTIONALS = LogMelFunctionals()


def as_published(weights: dict[str, Tensor], frames: Tensor) -> Tensor:
    """AudioNTT2020 as Niizumi et al. published it: convolution, batch norm, ReLU, pooling."""
    x = frames.transpose(1, 2)[:, None]  # (batch, 1, mels, frames)
    for convolution, norm in (("0", "1"), ("4", "5"), ("8", "9")):
        named = {k: v for k, v in weights.items() if k.startswith(f"features.{convolution}.")}
        x = functional.conv2d(x, *named.values(), padding=1)
        mean, variance, scale, offset = (
            weights[f"features.{norm}.{part}"][:, None, None]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        x = (x - mean) / (variance + 1e-5).sqrt() * scale + offset
        x = functional.max_pool2d(x.relu(), 2)
    batch, channels, mels, steps = x.shape
    rows = torch.empty(batch, steps, mels * channels)
    for mel in range(mels):
        for channel in range(channels):
            rows[:, :, mel * channels + channel] = x[:, channel, mel]
    hidden = (rows @ weights["fc.0.weight"].T + weights["fc.0.bias"]).relu()
    hidden = (hidden @ weights["fc.3.weight"].T + weights["fc.3.bias"]).relu()
    return hidden.mean(dim=1) + hidden.max(dim=1).values


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("audiontt-512", 600_192),
        ("audiontt-512-25ms", 600_192),
        ("audiontt-1024", 1_649_792),
        ("audiontt-2048", 5_321_856),
    ],
)
def test_parameters_number_as_published(name: str, parameters: int) -> None:
    assert sum(p.numel() for p in get_backbone(name)().parameters()) == parameters


def test_weights_have_the_names_and_shapes_of_the_published_checkpoint() -> None:
    expected = {
        "fc.0.weight": (512, 512),
        "fc.0.bias": (512,),
        "fc.3.weight": (512, 512),
        "fc.3.bias": (512,),
    }
    for convolution, inputs in ((0, 1), (4, 64), (8, 64)):
        expected[f"features.{convolution}.weight"] = (64, inputs, 3, 3)
        expected[f"features.{convolution}.bias"] = (64,)
        for statistic in ("weight", "bias", "running_mean", "running_var"):
            expected[f"features.{convolution + 1}.{statistic}"] = (64,)
        expected[f"features.{convolution + 1}.num_batches_tracked"] = ()
    assert {k: tuple(v.shape) for k, v in AUDIONTT.state_dict().items()} == expected


@pytest.mark.parametrize("frames", [8, 37, 96])
def test_embeddings_equal_a_plain_implementation_of_the_publication(frames: int) -> None:
    speech = torch.randn(3, frames, 64)
    with torch.inference_mode():
        embeddings = AUDIONTT(speech)
        expected = as_published(AUDIONTT.state_dict(), speech)
    assert embeddings.shape == (3, 512)
    torch.testing.assert_close(embeddings, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("backbone", [AUDIONTT, FUNCTIONALS], ids=lambda b: b.name)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(0, 2**31))
@settings(max_examples=8, deadline=None)
def test_a_batch_gives_what_its_utterances_give_one_at_a_time(
    backbone: Backbone, lengths: list[int], seed: int
) -> None:
    random = torch.Generator().manual_seed(seed)
    alone = [torch.randn(length, 64, generator=random) for length in lengths]
    batch = nn.utils.rnn.pad_sequence(alone, batch_first=True)
    with torch.inference_mode():
        together = backbone(batch, torch.tensor(lengths))
        one_at_a_time = torch.cat([backbone(frames[None]) for frames in alone])
    torch.testing.assert_close(together, one_at_a_time, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("backbone", [AUDIONTT, FUNCTIONALS], ids=lambda b: b.name)
def test_what_lies_beyond_an_utterances_end_counts_for_nothing(backbone: Backbone) -> None:
    lengths = torch.tensor([5, 16, 23, 40])
    clean = torch.randn(4, 40, 64) * (torch.arange(40) < lengths[:, None])[..., None]
    beyond = torch.arange(40) >= lengths[:, None]
    dirty = torch.where(beyond[..., None], torch.randn(4, 40, 64), clean)
    with torch.inference_mode():
        torch.testing.assert_close(backbone(dirty, lengths), backbone(clean, lengths))


def test_the_longest_utterances_need_no_lengths() -> None:
    frames = torch.randn(3, 41, 64)
    with torch.inference_mode():
        masked = AUDIONTT(frames, torch.full((3,), 41))
        torch.testing.assert_close(masked, AUDIONTT(frames), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("frames", [1, 7])
def test_fewer_than_8_frames_count_as_8_filled_up_with_the_mean(frames: int) -> None:
    speech = torch.randn(2, frames, 64)
    filled = functional.pad(speech, (0, 0, 0, 8 - frames))
    with torch.inference_mode():
        assert torch.equal(AUDIONTT(speech), AUDIONTT(filled))


def test_functionals_are_mean_deviation_and_mean_absolute_change() -> None:
    frames = torch.randn(1, 30, 64)
    mean, deviation = frames[0].mean(0), frames[0].std(0, correction=0)
    change = (frames[0, 1:] - frames[0, :-1]).abs().mean(0)
    expected = torch.cat([mean, deviation, change])[None]
    torch.testing.assert_close(FUNCTIONALS(frames), expected, atol=1e-5, rtol=1e-5)


def test_functionals_of_a_single_frame_are_finite() -> None:
    frame = torch.randn(1, 1, 64)
    functionals = FUNCTIONALS(frame)
    torch.testing.assert_close(functionals[0, :64], frame[0, 0])
    assert functionals[0, 64:].count_nonzero() == 0
