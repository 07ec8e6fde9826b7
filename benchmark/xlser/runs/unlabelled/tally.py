"""Counting the pseudo-labels that a method reports, utterance by utterance."""

import torch
from torch import Tensor

from xlser.methods import PseudoLabels

PARTS = 4
"""Parts of a training, of equal length, that are counted apart."""

_AT_ONCE = 64  # reports kept before they are added up: a sum of each would cost as much as a step


class Tally:
    """How often each unlabelled utterance was taken for each class, and with what weight.

    Counted in the method's process, which does not know the true classes.
    """

    def __init__(self, utterances: int, classes: int, device: torch.device) -> None:
        """Start with no report.

        Args:
            utterances: unlabelled ones of the task.
            classes: number of them.
            device: of the task's tensors.
        """
        self._sums = torch.zeros(2, PARTS, utterances, classes, device=device)
        self._waiting: list[PseudoLabels] = []
        self._reported = False

    def add(self, report: PseudoLabels) -> None:
        """Take in a report."""
        if not len(report.index):
            return
        self._waiting.append(report)
        if len(self._waiting) == _AT_ONCE:
            self._add_up()

    def sums(self) -> Tensor | None:
        """Return answers and their weights by part of the training; None if nothing was reported.

        Returns:
            Shape (2, PARTS, utterances, classes), float32, on the CPU.
        """
        self._add_up()
        return self._sums.cpu() if self._reported else None

    def _add_up(self) -> None:
        if not self._waiting:
            return
        device = self._sums.device
        index, answers, weight = (
            torch.cat([getattr(report, name) for report in self._waiting]).to(device)
            for name in ("index", "answers", "weight")
        )
        lengths = torch.tensor([len(report.index) for report in self._waiting])
        parts = torch.tensor([min(int(r.progress * PARTS), PARTS - 1) for r in self._waiting])
        part = parts.repeat_interleave(lengths).to(device)
        weight = weight.float()
        for sums, count in zip(self._sums, (torch.ones_like(weight), weight), strict=True):
            sums.index_put_((part, index, answers), count, accumulate=True)
        self._waiting.clear()
        self._reported = True
