"""The gradient of a network's answers by its input, through which its weights can be trained."""

import torch
from torch import Tensor, nn

from xlser.training.kernels.switch import own_kernels


def slope(network: nn.Sequential, x: Tensor) -> Tensor:
    """Return the gradient of the sum of each row's answers.

    Args:
        network: linear layers and ReLUs. Its weights can be trained through the slope.
        x: shape (batch, dimension), without gradient.

    Returns:
        Shape as `x`.
    """
    return _by_layers(network, x) if own_kernels() else _torchs(network, x)


def _torchs(network: nn.Sequential, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(network(x).sum(), x, create_graph=True)
    return gradient


def _by_layers(network: nn.Sequential, x: Tensor) -> Tensor:
    """Multiply by one layer's weights after the other.

    The slope does not change with `x` but where a ReLU turns on, so nothing is passed back to it.
    torch's second gradient adds zeros to everything on the way.
    """
    passed = []
    with torch.no_grad():
        for layer in network:
            x = layer(x)
            if isinstance(layer, nn.ReLU):
                passed.append(x > 0)
    gradient = torch.ones_like(x)
    for layer in reversed(network):
        if isinstance(layer, nn.Linear):
            gradient = gradient @ layer.weight
        else:
            gradient = gradient * passed.pop()
    return gradient
