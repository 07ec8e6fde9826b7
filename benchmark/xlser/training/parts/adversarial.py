"""Adversaries: gradient reversal, a domain head, and critics that learn by themselves."""

import math
from collections.abc import Callable
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from xlser.training.kernels import new_adam, slope

_HIDDEN = 256


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: float) -> Tensor:
        ctx.scale = scale
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return -ctx.scale * gradient, None


def reverse_gradient(x: Tensor, scale: float) -> Tensor:
    """Return `x`; its gradient is multiplied by -scale (Ganin et al. 2016)."""
    return cast("Tensor", _Reversed.apply(x, scale))  # type: ignore[no-untyped-call]


def adaptation_rate(progress: float) -> float:
    """Return 2 / (1 + exp(-10 progress)) - 1, from 0 to 1 (Ganin et al. 2016)."""
    return 2 / (1 + math.exp(-10 * progress)) - 1


class DomainHead(nn.Module):
    """Tells source from target: d - 256 - 256 - 1, with batch norm (Abdelwahab & Busso 2018).

    Args:
        dimension: of the features, d.
    """

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(dimension, _HIDDEN),
            nn.BatchNorm1d(_HIDDEN),
            nn.ReLU(),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.BatchNorm1d(_HIDDEN),
            nn.ReLU(),
            nn.Linear(_HIDDEN, 1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return the logit of "target", shape (batch,), of features, shape (batch, dimension)."""
        return cast("Tensor", self.layers(features)).squeeze(1)

    def adversarial_loss(
        self, features: Tensor, target: Tensor, progress: float, weight: Tensor | None = None
    ) -> Tensor:
        """Return the cross-entropy of the domains; its gradient reaches `features` reversed.

        Args:
            features: shape (batch, dimension).
            target: shape (batch,), bool: whether of the target domain.
            progress: of the training, which sets the scale of the reversed gradient.
            weight: of each row, shape (batch,); None: all the same.
        """
        logits = self(reverse_gradient(features, adaptation_rate(progress)))
        return binary_cross_entropy_with_logits(logits.float(), target.float(), weight)


class Critic:
    """A network that learns by an optimiser of its own, against the encoder.

    It is called on features with its weights held fixed, so that a loss over its answers moves
    the encoder alone. Its layers are d - 256 - 256 - outputs, without batch norm, which a gradient
    penalty forbids (Gulrajani et al. 2017, Section 4).

    Args:
        dimension: of the features, d.
        outputs: of the last layer.
        learning_rate: of Adam, with betas (0.5, 0.9) as in Gulrajani et al. (2017).
        device: where it is.
    """

    def __init__(
        self, dimension: int, outputs: int, learning_rate: float, device: torch.device
    ) -> None:
        self._network = nn.Sequential(
            nn.Linear(dimension, _HIDDEN),
            nn.ReLU(),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.ReLU(),
            nn.Linear(_HIDDEN, outputs),
        ).to(device)
        self._weights = [*self._network.parameters()]
        self._optimiser = new_adam(self._weights, learning_rate, betas=(0.5, 0.9))
        self._learns(False)

    def __call__(self, features: Tensor) -> Tensor:
        """Return answers, shape (batch, outputs), of features, shape (batch, dimension)."""
        return cast("Tensor", self._network(features))

    def slope(self, features: Tensor) -> Tensor:
        """Return the gradient of the sum of each row's answers, shape as `features`.

        The weights can be trained through it.
        """
        return slope(self._network, features)

    def learn(self, loss: Callable[[], Tensor]) -> None:
        """Take one step down the gradient of `loss`, called with the critic's weights free."""
        self._learns(True)
        self._optimiser.zero_grad()
        value = loss()
        with torch.autocast(value.device.type, enabled=False):
            value.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        self._learns(False)
        # Autocast keeps the weights it has cast: the next call is to see those of this step.
        torch.clear_autocast_cache()

    def _learns(self, free: bool) -> None:
        for weight in self._weights:
            weight.requires_grad_(free)


class Sloped(Protocol):
    """What has a slope, as a critic has."""

    def slope(self, features: Tensor) -> Tensor:
        """Return the gradient of each row's answer, shape (batch, dimension) as `features`."""


def gradient_penalty(critic: Sloped, one: Tensor, other: Tensor) -> Tensor:
    """Return the mean of (|gradient| - 1)^2 between two sets (Gulrajani et al. 2017, Eq. 3).

    Args:
        critic: with one answer per row.
        one: features without gradient, shape (batch, dimension).
        other: the same number of them.
    """
    share = torch.rand(len(one), 1, device=one.device)
    norms: Tensor = critic.slope(share * one + (1 - share) * other).norm(dim=1)
    return (norms - 1).square().mean()
