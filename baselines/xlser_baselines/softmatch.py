"""SoftMatch: FixMatch with a weight in place of a threshold."""

import torch
from torch import Tensor

from xlser.methods import Task
from xlser.training import Average, SoftWeight, Step, align
from xlser_baselines._consistency import WeakTeachesStrong


class SoftMatch(WeakTeachesStrong):
    """Truncated Gaussian weights with uniform alignment (Chen et al. 2023, Section 3).

    An answer counts exp(-min(max p - mu, 0)^2 / (2 var / n^2)), mu and var being moving averages
    of the confidence's mean and variance. Probabilities are first aligned to the uniform
    distribution; as in the paper that decides the weight alone, not the pseudo-label.
    """

    name = "softmatch"
    citation = "Chen et al. (2023), SoftMatch, ICLR"
    momentum: float = 0.999
    n: float = 2.0

    def setup(self, task: Task) -> None:
        """Start from the uniform distribution."""
        classes = len(task.classes)
        self._uniform = torch.full((classes,), 1 / classes, device=task.device)
        self._mean = Average(self._uniform, self.momentum)
        self._weight = SoftWeight(classes, self.momentum, self.n, task.device)

    def weigh(self, p: Tensor, step: Step) -> Tensor:
        """Weigh by how sure the aligned answer is."""
        if not len(p):
            return p.new_zeros(0)
        return self._weight(align(p, self._mean.update(p.mean(dim=0)), self._uniform))
