"""Arithmetic that bfloat16 would spoil."""

from collections.abc import Callable
from functools import wraps

import torch
from torch import Tensor


def in_float32(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Let `function` compute on its tensors in float32, whatever the precision of training.

    For differences of large sums (covariances, kernels, penalties), of which bfloat16's eight bits
    leave nothing.
    """

    @wraps(function)
    def exact(*args: Tensor) -> Tensor:
        with torch.autocast(args[0].device.type, enabled=False):
            return function(*(arg.float() for arg in args))

    return exact
