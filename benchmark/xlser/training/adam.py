"""Adam, without what a network of two layers does not need."""

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torch.optim.adam import adam


class Adam:
    """Adam by torch's fused kernel (Kingma & Ba 2015): `torch.optim.Adam(fused=True)` to the bit.

    That class brings torch's compiler along, five seconds of every process, and its hooks cost as
    much time at each step as the kernel itself does on the frozen track.

    Args:
        parameters: to be trained; one without a gradient stays as it is.
        learning_rate: may be set anew at any time.
        betas: decay of the moving averages of gradient and squared gradient.
        factors: on the learning rate, by parameter (its `id`); of others it is 1.
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
