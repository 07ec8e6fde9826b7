"""Adam, without what a network of two layers does not need."""

from collections.abc import Iterable

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
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        self.learning_rate = learning_rate
        self._betas = betas
        # Each parameter with its averages and the number of its steps.
        self._states = [
            (p, torch.zeros_like(p), torch.zeros_like(p), torch.zeros((), device=p.device))
            for p in parameters
        ]

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter, *_ in self._states:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move the parameters against their gradients."""
        moving = [state for state in self._states if state[0].grad is not None]
        if not moving:
            return
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
            lr=self.learning_rate,
            weight_decay=0.0,
            eps=1e-8,
            maximize=False,
        )
