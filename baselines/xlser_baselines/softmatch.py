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
    distribution, by an average that begins with the first batch; as in the paper that decides the
    weight alone, not the pseudo-label. Adapted: the momentum is scaled to the length of training,
    see `xlser.training.HALF_LIFE`.
    """

    name = "softmatch"
    family = "consistency"
    citation = "Chen et al. (2023), SoftMatch, ICLR"
    half_life: float = 0.007
    n: float = 2.0

    def setup(self, task: Task) -> None:
        """Start the weight from the uniform distribution."""
        classes = len(task.classes)
        self._uniform = torch.full((classes,), 1 / classes, device=task.device)
        self._mean = Average(None, self.half_life)
        self._weight = SoftWeight(classes, self.half_life, self.n, task.device)

    def weigh(self, p: Tensor, step: Step) -> Tensor:
        """Weigh by how sure the aligned answer is."""
        if not len(p):
            return p.new_zeros(0)
        usual = self._mean.update(p.mean(dim=0), step.progress)
        return self._weight(align(p, usual, self._uniform), step.progress)
