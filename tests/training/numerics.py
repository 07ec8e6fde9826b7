"""Slopes by finite differences, to hold gradients against."""

from collections.abc import Callable

import torch
from torch import Tensor


def slopes(function: Callable[[Tensor], Tensor | float], at: Tensor, step: float) -> Tensor:
    """Return the slope of a scalar `function` along each entry of `at`, by central differences."""
    result = torch.zeros(at.numel(), dtype=at.dtype)
    for entry in range(at.numel()):
        shift = torch.zeros(at.numel(), dtype=at.dtype)
        shift[entry] = step
        shift = shift.reshape(at.shape)
        rise = torch.as_tensor(function(at + shift)) - torch.as_tensor(function(at - shift))
        result[entry] = rise.item() / (2 * step)
    return result.reshape(at.shape)


def gradient(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """Return the gradient of a scalar `function` at `at`, as autograd has it."""
    at = at.clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(function(at), at)
    return slope
