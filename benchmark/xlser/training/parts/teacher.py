"""A teacher that is the moving average of its student."""

import copy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


class MeanTeacher(Generic[Network]):
    """The exponential moving average of a network's weights (Tarvainen & Valpola 2017).

    In the first steps the average is the plain mean, so that it forgets where it began. Buffers,
    such as the statistics of batch norm, are the student's own.

    Attributes:
        network: the teacher, in evaluation mode, without gradient.
    """

    def __init__(self, student: Network, decay: float) -> None:
        self.network = copy.deepcopy(student).eval().requires_grad_(False)
        self._weights: list[Tensor] = [*self.network.parameters()]
        self._students: list[Tensor] = [*student.parameters()]
        self._buffers = [*zip(self.network.buffers(), student.buffers(), strict=True)]
        self._decay = decay
        self._steps = 0

    @torch.no_grad()
    def follow(self) -> None:
        """Move towards the student's weights; call it after each step of the optimiser."""
        decay = min(self._decay, self._steps / (self._steps + 1))
        self._steps += 1
        torch._foreach_lerp_(self._weights, self._students, 1 - decay)
        for own, buffer in self._buffers:
            own.copy_(buffer)

    @torch.no_grad()
    def __call__(self, speech: Tensor) -> Tensor:
        """Return the teacher's logits, shape (batch, classes)."""
        logits: Tensor = self.network(speech)
        return logits
