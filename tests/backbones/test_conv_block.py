import copy

import pytest
import torch
from torch import Tensor, nn

from xlser.backbones import conv_block as module
from xlser.backbones.audiontt import AudioNTT512
from xlser.backbones.conv_block import conv_block
from xlser.errors import MethodError
from xlser.training.parts.normalisation import statistics_held


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_SLICE", "_FIRST_SLICE"):
        monkeypatch.setattr(module, name, 3)  # so that a batch is made of several, the last short


def layers(channels: int, dtype: torch.dtype, outputs: int = 6) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    torch.manual_seed(channels)
    conv = nn.Conv2d(channels, outputs, 3, padding=1).to(dtype)
    norm = nn.BatchNorm2d(outputs).to(dtype)
    nn.init.uniform_(norm.weight, 0.5, 1.5)
    norm.weight.data[::2] *= -1  # a negative scale turns maxima into minima
    nn.init.normal_(norm.bias)
    return conv, norm


def four_layers(x: Tensor, conv: nn.Conv2d, norm: nn.BatchNorm2d) -> Tensor:
    return nn.functional.max_pool2d(norm(conv(x)).relu(), 2)


SHAPES = [(7, 1, 8, 12), (7, 1, 9, 13), (7, 5, 8, 12), (8, 5, 9, 13), (1, 5, 2, 2), (3, 1, 8, 8)]


@pytest.mark.parametrize("shape", SHAPES)
def test_output_gradient_and_statistics_are_those_of_the_four_layers(
    shape: tuple[int, ...],
) -> None:
    conv, norm = layers(shape[1], torch.float64)
    own = copy.deepcopy(conv), copy.deepcopy(norm)
    x = torch.randn(shape, dtype=torch.float64) + 0.5
    a, b = (x.clone().requires_grad_(shape[1] > 1) for _ in range(2))
    ours, theirs = conv_block(a, *own), four_layers(b, conv, norm)
    torch.testing.assert_close(ours, theirs)
    arriving = torch.randn_like(ours)
    ours.backward(arriving)
    theirs.backward(arriving)
    if shape[1] > 1:
        torch.testing.assert_close(a.grad, b.grad)
    torch.testing.assert_close(own[0].weight.grad, conv.weight.grad)
    torch.testing.assert_close(own[1].weight.grad, norm.weight.grad)
    torch.testing.assert_close(own[1].bias.grad, norm.bias.grad)
    torch.testing.assert_close(own[0].bias.grad, conv.bias.grad, rtol=0, atol=1e-12)
    for name, buffer in norm.named_buffers():
        torch.testing.assert_close(own[1].get_buffer(name), buffer)


@pytest.mark.parametrize("channels", [1, 5])
def test_the_gradient_agrees_with_differences(channels: int) -> None:
    conv, norm = layers(channels, torch.float64, outputs=3)
    x = torch.randn(4, channels, 4, 6, dtype=torch.float64)

    def block(weight: Tensor, scale: Tensor, shift: Tensor, x: Tensor) -> Tensor:
        kind = module._FirstBlock if channels == 1 else module._Block
        return kind.apply(x, weight, conv.bias, scale, shift, 1e-5)[0]

    x.requires_grad_(channels > 1)
    assert torch.autograd.gradcheck(block, (conv.weight, norm.weight, norm.bias, x))


@pytest.mark.parametrize("channels", [1, 5])
def test_statistics_can_be_held(channels: int) -> None:
    conv, norm = layers(channels, torch.float32)
    before = norm.running_mean.clone()
    with statistics_held(norm):
        conv_block(torch.randn(4, channels, 8, 8), conv, norm)
    assert torch.equal(norm.running_mean, before)
    conv_block(torch.randn(4, channels, 8, 8), conv, norm)
    assert not torch.equal(norm.running_mean, before)


@pytest.mark.parametrize("channels", [1, 5])
def test_under_bfloat16_it_is_as_close_to_float32_as_the_four_layers_are(channels: int) -> None:
    conv, norm = layers(channels, torch.float32)
    x = torch.randn(7, channels, 16, 24)
    arriving = torch.randn(7, 6, 8, 12)

    def off(block: object, exact: tuple[Tensor, ...]) -> list[float]:
        own = copy.deepcopy(conv), copy.deepcopy(norm)
        with torch.autocast("cpu", torch.bfloat16):
            out = block(x, *own)
        out.float().backward(arriving)
        assert own[1].running_var.dtype == torch.float32
        found = out.float().detach(), own[0].weight.grad, own[1].weight.grad, own[1].running_var
        return [((a - b).norm() / b.norm()).item() for a, b in zip(found, exact, strict=True)]

    own = copy.deepcopy(conv), copy.deepcopy(norm)
    out = four_layers(x, *own)
    out.backward(arriving)
    exact = out.detach(), own[0].weight.grad, own[1].weight.grad, own[1].running_var
    with torch.autocast("cpu", torch.bfloat16):
        assert conv_block(x, conv, norm).dtype == torch.bfloat16
    for ours, theirs in zip(off(conv_block, exact), off(four_layers, exact), strict=True):
        assert ours < max(2 * theirs, 1e-3)


def test_it_cannot_be_differentiated_twice_in_silence() -> None:
    conv, norm = layers(5, torch.float32)
    out = conv_block(torch.randn(4, 5, 8, 8), conv, norm)
    with pytest.raises(MethodError, match="differentiated again"):
        torch.autograd.grad(out.sum(), conv.weight, create_graph=True)


def test_a_gradient_with_respect_to_the_frames_is_that_of_the_layers() -> None:
    torch.manual_seed(0)
    backbone = AudioNTT512()
    backbone.fc[2].p = 0.0
    frames = torch.randn(4, 40, 64)
    given = backbone(frames)
    asked = frames.clone().requires_grad_()
    torch.testing.assert_close(backbone(asked), given, rtol=1e-4, atol=1e-4)
    backbone(asked).sum().backward()
    assert asked.grad.abs().sum() > 0
