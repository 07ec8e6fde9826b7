"""Convolution, batch norm, max pooling and ReLU in training, sparing the traffic to memory.

Written as four layers, a block of AudioNTT writes and reads its largest activation a dozen times,
and that, more than arithmetic, is what a step on a CPU waits for. Three identities spare most of
that:

- Pooling commutes with what never falls. ReLU does not, nor does the map of batch norm, once the
  sign of its scale is moved into the convolution. So pooling comes first, and what follows works
  on a quarter of the values.
- Batch norm removes what a convolution's bias adds, so none is added but to the running mean, and
  its gradient is zero.
- What a convolution makes of one channel is linear in patches of nine values: its mean and
  variance follow from those of the patches, before it is computed. So batch norm goes into the
  weights of the first convolution, and its output, the largest activation of all, is never kept.
  Patches are sorted by their place in a pooling window, so that pooling compares whole matrices.

A batch is gone through in slices that fit into the processor's cache.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from xlser.errors import MethodError

_SLICE = 25  # crops of 2 s
_FIRST_SLICE = 5  # of the block whose activations are the largest
_SUMMED = 5

_aten = torch.ops.aten


def conv_block(x: Tensor, conv: nn.Conv2d, norm: nn.BatchNorm2d) -> Tensor:
    """Return relu(max_pool2d(norm(conv(x)), 2)) and update the running statistics of `norm`.

    The gradient is that of the four layers. It cannot be differentiated again (MethodError).

    Args:
        x: shape (batch, channels, height, width); of one channel it may not need a gradient.
        conv: 3x3 with padding 1 and a bias.
        norm: in training mode.

    Returns:
        Shape (batch, `conv.out_channels`, height // 2, width // 2), channels last.
    """
    device = x.device.type
    autocast = torch.is_autocast_enabled(device)
    dtype = torch.get_autocast_dtype(device) if autocast else x.dtype
    even = not (x.shape[2] % 2 or x.shape[3] % 2)
    block = _FirstBlock if conv.in_channels == 1 and even else _Block
    x = x.to(dtype, memory_format=torch.channels_last)
    with torch.autocast(device, enabled=False):
        out, mean, variance = cast(
            "tuple[Tensor, Tensor, Tensor]",
            block.apply(  # type: ignore[no-untyped-call]
                x, conv.weight, conv.bias, norm.weight, norm.bias, norm.eps
            ),
        )
        _keep_statistics(norm, mean, variance, cast("Tensor", conv.bias), x[:, 0].numel())
    return out


@torch.no_grad()
def _keep_statistics(
    norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor, bias: Tensor, values: int
) -> None:
    """Move the running statistics as batch norm does: towards the unbiased variance."""
    momentum = cast("float", norm.momentum)
    unbiased = variance * (values / max(1, values - 1))
    cast("Tensor", norm.running_mean).lerp_(mean + bias, momentum)
    cast("Tensor", norm.running_var).lerp_(unbiased, momentum)
    cast("Tensor", norm.num_batches_tracked).add_(1)


class _FirstBlock(torch.autograd.Function):
    """A block of one input channel, to which no gradient flows; height and width are even."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, gamma: Tensor, beta: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        patches = [_patches(part) for part in torch.split(x, _FIRST_SLICE)]
        centre, covariance = _moments_of_patches(patches)
        kernels = weight.flatten(1).double()
        mean = (kernels @ centre).to(weight.dtype)
        along_patches = kernels @ covariance
        variance = (along_patches * kernels).sum(dim=1).to(weight.dtype)
        inverse = (variance + eps).rsqrt()
        scale = gamma * inverse
        folded = (weight.flatten(1) * scale[:, None]).T.to(x.dtype)
        shift = (beta - mean * scale).to(x.dtype)
        out = _empty((len(x), len(weight), x.shape[2] // 2, x.shape[3] // 2), x)
        rises = []
        for of_places, rows in zip(patches, _rows(out, _FIRST_SLICE), strict=True):
            peaks, *rise = _peaks([torch.addmm(shift, patch.T, folded) for patch in of_places])
            torch.clamp_min(peaks, 0, out=rows)
            rises += rise
        ctx.save_for_backward(
            kernels, mean, inverse, scale, centre, along_patches, out, *patches, *rises
        )
        ctx.mark_non_differentiable(mean, variance)
        return out, mean, variance

    @staticmethod
    def backward(
        ctx: Any, gradient: Tensor, *_: Tensor
    ) -> tuple[None, Tensor, Tensor, Tensor, Tensor, None]:
        _require_first_order()
        kernels, mean, inverse, scale, centre, along_patches, out, *kept = ctx.saved_tensors
        patches, rises = kept[: len(kept) // 4], kept[len(kept) // 4 :]
        gradients, outs = (_rows(x, _FIRST_SLICE) for x in (gradient, out))
        total = torch.zeros_like(mean)
        by_patch = torch.zeros_like(kernels)  # sums of the gradient times the patches' values
        for i, of_places in enumerate(patches):
            rows = _through_relu(gradients[i], outs[i])
            total += _statistics(rows, total.dtype)[0] * len(rows)
            for patch, g in zip(of_places, _to_peaks(rows, *rises[3 * i :][:3]), strict=True):
                by_patch += (patch @ g).T
        # What was normalised is kernels @ patch: its sums with the gradient follow.
        along = inverse * ((kernels * by_patch).sum(dim=1) - total * mean).to(mean.dtype)
        of_mean = total[:, None] * centre
        of_variance = (along * inverse)[:, None] * along_patches
        of_kernels = (scale[:, None] * (by_patch - of_mean - of_variance)).to(mean.dtype)
        of_bias = torch.zeros_like(total)
        return None, of_kernels.view(-1, 1, 3, 3), of_bias, along, total, None


class _Block(torch.autograd.Function):
    """A block of many input channels."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, gamma: Tensor, beta: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        sign = torch.where(gamma < 0, -1.0, 1.0)  # so that the scale below is not negative
        rising = _channels_last(weight * sign[:, None, None, None], x.dtype)
        raw = [conv2d(part, rising, padding=1) for part in _slices(x)]
        pooled, places = zip(*map(_pool, raw), strict=True)
        mean, variance = _moments(raw, weight.dtype)
        inverse = (variance + eps).rsqrt()
        scale = gamma.abs() * inverse
        peaks = torch.cat(pooled)
        out = torch.addcmul(_to_all(beta - mean * scale), peaks, _to_all(scale))
        out = out.relu_().to(x.dtype)
        statistics = sign, mean, inverse, scale
        ctx.save_for_backward(x, rising, *statistics, peaks, out, *raw, *places)
        mean = mean * sign
        ctx.mark_non_differentiable(mean, variance)
        return out, mean, variance

    @staticmethod
    def backward(
        ctx: Any, gradient: Tensor, *_: Tensor
    ) -> tuple[Tensor | None, Tensor, Tensor, Tensor, Tensor, None]:
        _require_first_order()
        x, rising, sign, mean, inverse, scale, peaks, out, *kept = ctx.saved_tensors
        raw, places = kept[: len(kept) // 2], kept[len(kept) // 2 :]
        gradient = _through_relu(gradient, out)
        total = _sum(gradient, mean.dtype)
        product = _sum(gradient * peaks, mean.dtype)
        along = inverse * (product - total * mean)
        # Every value also moves the mean and the variance by which all are normalised.
        values = x[:, 0].numel()
        slope = -scale * inverse * along / values
        level = -scale * total / values - slope * mean
        gradient = (gradient * _to_all(scale)).to(x.dtype)
        of_weight = torch.zeros_like(rising, dtype=mean.dtype)
        of_x = torch.empty_like(x) if ctx.needs_input_grad[0] else None
        slices = zip(_slices(x), raw, _slices(gradient), places, strict=True)
        for i, (part, y, g, place) in enumerate(slices):
            of_y = torch.addcmul(_to_all(level), y, _to_all(slope)).to(x.dtype)
            of_y += _unpool(g, place, part.shape[2:])
            if of_x is not None:
                _slices(of_x)[i].copy_(_gradient_of_input(of_y, part, rising))
            of_weight += _gradient_of_weight(of_y, part, rising)
        of_weight = of_weight * sign[:, None, None, None]
        of_bias = torch.zeros_like(total)
        return of_x, of_weight, of_bias, along * sign, total, None


def _slices(x: Tensor) -> tuple[Tensor, ...]:
    return torch.split(x, _SLICE)


def _require_first_order() -> None:
    if torch.is_grad_enabled():  # as it is in a backward pass with create_graph=True alone
        raise MethodError(
            "The gradient of the backbone's weights cannot be differentiated again.",
            "Ask for it without create_graph=True, or let the crops require a gradient "
            "(crops.requires_grad_()): a slower path serves those.",
        )


def _to_all(values: Tensor) -> Tensor:
    """Return one value a channel so that it meets (batch, channels, height, width)."""
    return values.view(1, -1, 1, 1)


def _channels_last(x: Tensor, dtype: torch.dtype) -> Tensor:
    return x.to(dtype, memory_format=torch.channels_last)


def _pool(y: Tensor) -> tuple[Tensor, Tensor]:
    """Return the maxima of 2x2 values, and their places."""
    return cast("tuple[Tensor, Tensor]", _aten.max_pool2d_with_indices(y, [2, 2]))


def _unpool(gradient: Tensor, places: Tensor, size: torch.Size) -> Tensor:
    """Return `gradient` at the places of the maxima and zero elsewhere.

    Args:
        gradient: shape (batch, channels, height // 2, width // 2).
        places: from `_pool`.
        size: (height, width).
    """
    like = _empty((*gradient.shape[:2], *size), gradient)  # tells the operator the shape
    window, none, one = [2, 2], [0, 0], [1, 1]
    spread = _aten.max_pool2d_with_indices_backward(
        gradient, like, window, window, none, one, False, places
    )
    return cast("Tensor", spread)


def _empty(shape: tuple[int, ...], like: Tensor) -> Tensor:
    return torch.empty(
        shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last
    )


def _through_relu(gradient: Tensor, out: Tensor) -> Tensor:
    return cast("Tensor", _aten.threshold_backward(gradient, out, 0))


def _patches(x: Tensor) -> Tensor:
    """Return the 3x3 values around each of (batch, 1, height, width), both even.

    Returns:
        Shape (4, 9, positions): by place in a window of 2x2, by place in the patch, and by window.
    """
    height, width = x.shape[2:]
    padded = pad(x[:, 0], (1, 1, 1, 1))
    places = [
        padded[:, top + a : top + a + height : 2, left + b : left + b + width : 2]
        for top in range(2)
        for left in range(2)
        for a in range(3)
        for b in range(3)
    ]
    return torch.stack(places).view(4, 9, -1)


def _rows(x: Tensor, utterances: int) -> list[Tensor]:
    """Return views of (batch, channels, height, width), channels last, as (positions, channels)."""
    return [part.permute(0, 2, 3, 1).flatten(0, 2) for part in torch.split(x, utterances)]


def _peaks(of_places: list[Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the maxima over the four places of a window, and the rises that say which it is.

    A rise is from the first to the second place, from the third to the fourth, and from the
    greater of the former to that of the latter.
    """
    first, second, third, fourth = of_places
    upper, lower = torch.maximum(first, second), torch.maximum(third, fourth)
    return torch.maximum(upper, lower), second - first, fourth - third, lower - upper


def _to_peaks(
    gradient: Tensor, in_upper: Tensor, in_lower: Tensor, downwards: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return `gradient` for each of the four places, zero where it is not the maximum."""
    lower = _through_relu(gradient, downwards)
    upper = gradient - lower
    second, fourth = _through_relu(upper, in_upper), _through_relu(lower, in_lower)
    return upper - second, second, lower - fourth, fourth


def _moments_of_patches(parts: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Return mean, shape (9,), and covariance, (9, 9), of patches.

    In float64: neighbouring values of a spectrogram are alike, and what a kernel of differences
    leaves of them is the small rest of large sums. Of bfloat16 float32 loses nothing.
    """
    exact = torch.float32 if parts[0].dtype == torch.bfloat16 else torch.float64
    total = parts[0].new_zeros(9, dtype=torch.float64)
    products = parts[0].new_zeros(9, 9, dtype=torch.float64)
    for part in parts:
        patches = part.to(exact)
        total += patches.sum(dim=2).sum(dim=0, dtype=total.dtype)
        products += (patches @ patches.mT).sum(dim=0, dtype=total.dtype)
    values = sum(part[:, 0].numel() for part in parts)
    mean = total / values
    return mean, products / values - mean.outer(mean)


def _sum(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the sum of each channel of (batch, channels, height, width)."""
    # Asked for a sum of bfloat16 in float32, torch would first convert all of it.
    return _moments([x], dtype)[0] * x[:, 0].numel()


def _moments(parts: list[Tensor], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return mean and biased variance of each channel over all parts."""
    # The operator sums up one by one, so a few utterances at a time keep float32's error small.
    pieces = [piece for part in parts for piece in torch.split(part, _SUMMED)]
    found = [_statistics(piece, dtype) for piece in pieces]
    means, variances = (torch.stack(of) for of in zip(*found, strict=True))
    share = means.new_tensor([len(piece) for piece in pieces])[:, None]
    share /= share.sum()
    mean = (share * means).sum(dim=0)
    return mean, (share * (variances + (means - mean) ** 2)).sum(dim=0)


def _statistics(x: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return mean and biased variance of each channel of (batch, channels, ...)."""
    # The running statistics, thrown away, are what makes bfloat16's mean and variance float32.
    old, new = x.new_zeros(2, x.shape[1], dtype=dtype)
    return torch.batch_norm_update_stats(x, old, new, 0.0)


def _gradient_of_input(gradient: Tensor, x: Tensor, weight: Tensor) -> Tensor:
    return _convolution_backward(gradient, x, weight, 0)


def _gradient_of_weight(gradient: Tensor, x: Tensor, weight: Tensor) -> Tensor:
    if x.dtype == torch.float32:
        # oneDNN's float32 kernel for this is twice as fast with the channels first.
        gradient, x, weight = (t.contiguous() for t in (gradient, x, weight))
    return _convolution_backward(gradient, x, weight, 1)


def _convolution_backward(gradient: Tensor, x: Tensor, weight: Tensor, which: int) -> Tensor:
    one, none = [1, 1], [0, 0]
    wanted = [which == 0, which == 1, False]
    return cast(
        "Tensor",
        _aten.convolution_backward(
            gradient, x, weight, None, one, one, one, False, none, 1, wanted
        )[which],
    )
