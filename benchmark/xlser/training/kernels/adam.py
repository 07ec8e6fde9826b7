"""Adam, without what a network of two layers does not need."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.optim.adam import adam

from xlser.training.kernels.switch import own_kernels


class Optimiser(Protocol):
    """What moves parameters against their gradients.

    Attributes:
        learning_rate: may be set anew at any time.
    """

    learning_rate: float

    def zero_grad(self) -> None:
        """Forget all gradients."""

    def step(self) -> None:
        """Move the parameters."""


def new_adam(
    parameters: Iterable[Tensor],
    learning_rate: float,
    betas: tuple[float, float] = (0.9, 0.999),
    factors: Mapping[int, float] | None = None,
) -> Optimiser:
    """Return Adam (Kingma & Ba 2015) by torch's fused kernel.

    Args:
        parameters: to be trained; one without a gradient stays as it is.
        learning_rate: of those without a factor.
        betas: decay of the moving averages of gradient and squared gradient.
        factors: on the learning rate, by parameter (its `id`); of others it is 1.
    """
    chosen = Adam if own_kernels() else TorchsAdam
    return chosen(parameters, learning_rate, betas, factors)


class TorchsAdam:
    """`torch.optim.Adam(fused=True)`; arguments as of `new_adam`."""

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float,
        betas: tuple[float, float] = (0.9, 0.999),
        factors: Mapping[int, float] | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        groups: dict[float, list[Tensor]] = {}
        for p in parameters:
            groups.setdefault((factors or {}).get(id(p), 1.0), []).append(p)
        self._factors = tuple(groups)
        by_factor = [{"params": group} for group in groups.values()]
        self._adam = torch.optim.Adam(by_factor, learning_rate, betas, fused=True)

    def zero_grad(self) -> None:
        """Forget all gradients."""
        self._adam.zero_grad()

    def step(self) -> None:
        """Move the parameters against their gradients."""
        for factor, group in zip(self._factors, self._adam.param_groups, strict=True):
            group["lr"] = self.learning_rate * factor
        self._adam.step()


class Adam:
    """`torch.optim.Adam(fused=True)` to the bit, by the function beneath it.

    That class brings torch's compiler along, three seconds of every process, and its hooks take
    time at each step. Arguments as of `new_adam`.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float,
        betas: tuple[float, float] = (0.9, 0.999),
        factors: Mapping[int, float] | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        self._betas = betas
        # For each factor: parameters with their averages and the number of their steps.
        self._states: dict[float, list[tuple[Tensor, Tensor, Tensor, Tensor]]] = {}
        for p in parameters:
            steps = torch.zeros((), device=p.device)
            state = p, torch.zeros_like(p), torch.zeros_like(p), steps
            self._states.setdefault((factors or {}).get(id(p), 1.0), []).append(state)

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for states in self._states.values():
            for parameter, *_ in states:
                parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move the parameters against their gradients."""
        for factor, states in self._states.items():
            moving = [state for state in states if state[0].grad is not None]
            if moving:
                self._move(moving, self.learning_rate * factor)

    def _move(
        self, moving: Sequence[tuple[Tensor, Tensor, Tensor, Tensor]], learning_rate: float
    ) -> None:
        parameters, averages, squares, steps = (
            list(column) for column in zip(*moving, strict=True)
        )
        adam(
            parameters,
            [parameter.grad for parameter in parameters],
            averages,
            squares,
            [],
            steps,
            fused=True,
            amsgrad=False,
            beta1=self._betas[0],
            beta2=self._betas[1],
            lr=learning_rate,
            weight_decay=0.0,
            eps=1e-8,
            maximize=False,
        )
