"""FreeMatch: FixMatch with a threshold that finds itself, and a fairness term."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from xlser.methods import Task
from xlser.training import (
    HALF_TARGET,
    Average,
    GradientMethod,
    SelfAdaptiveThreshold,
    Step,
    pseudo_label_loss,
    strong_view,
    together,
)


class FreeMatch(GradientMethod):
    """Self-adaptive thresholds and fairness (Wang et al. 2023, SAT and SAF).

    The threshold is a moving average of the mean confidence, scaled per class by a moving average
    of the mean answer. The fairness term draws the mean answer to the kept strong views, each
    divided by its histogram, away from a single class. The momentum is the paper's 0.999; a short
    training (the demo) leaves the averages near where they start, at 1 / classes.
    """

    name = "freematch"
    target_labels = "few"
    citation = "Wang et al. (2023), FreeMatch, ICLR"
    shares = HALF_TARGET
    momentum: float = 0.999
    fairness: float = 0.001

    def setup(self, task: Task) -> None:
        """Start from the uniform distribution."""
        classes = len(task.classes)
        self._threshold = SelfAdaptiveThreshold(classes, self.momentum, task.device)
        uniform = torch.full((classes,), 1 / classes, device=task.device)
        self._histogram = Average(uniform, self.momentum)

    def loss(self, step: Step) -> Tensor:
        """Return supervised loss + consistency + fairness."""
        weak = step.unlabelled.speech
        views = (step.labelled.speech, weak, strong_view(weak))
        labelled, weak_logits, strong_logits = together(self.model, *views)
        p = weak_logits.detach().float().softmax(dim=1)
        kept = self._threshold(p)
        return (
            cross_entropy(labelled, step.labelled.emotion)
            + pseudo_label_loss(strong_logits, p, kept)
            + self.fairness * self._unfairness(p, strong_logits.float().softmax(dim=1), kept)
        )

    def _unfairness(self, weak: Tensor, strong: Tensor, kept: Tensor) -> Tensor:
        """Return sum_c a_c log b_c, a and b being mean answers over histograms."""
        if not len(weak):
            return weak.new_zeros(())
        self._histogram.update(_histogram(weak, torch.ones_like(kept)))
        mean = (kept[:, None] * strong).sum(dim=0) / kept.sum().clamp(min=1)
        ours = _normalised(mean / _histogram(strong, kept).clamp(min=_RARE))
        wanted = _normalised(self._threshold.mean.value / self._histogram.value)
        return kept.amax() * (wanted * (ours + 1e-12).log()).sum()


_RARE = 0.01  # a class that no kept answer names is divided by this instead of by 0


def _histogram(probabilities: Tensor, kept: Tensor) -> Tensor:
    answers = one_hot(probabilities.argmax(dim=1), probabilities.shape[1])
    return (kept[:, None] * answers).sum(dim=0) / kept.sum().clamp(min=1)


def _normalised(x: Tensor) -> Tensor:
    return x / x.sum().clamp(min=1e-12)
