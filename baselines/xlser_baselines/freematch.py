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
    divided by its histogram, away from a single class; a class that the histogram lacks counts for
    nothing. Adapted: the momentum is scaled to the length of training, see
    `xlser.training.HALF_LIFE`.
    """

    name = "freematch"
    family = "consistency"
    target_labels = "few"
    citation = "Wang et al. (2023), FreeMatch, ICLR"
    shares = HALF_TARGET
    half_life: float = 0.007
    fairness: float = 0.001

    def setup(self, task: Task) -> None:
        """Start from the uniform distribution."""
        classes = len(task.classes)
        self._threshold = SelfAdaptiveThreshold(classes, self.half_life, task.device)
        uniform = torch.full((classes,), 1 / classes, device=task.device)
        self._histogram = Average(uniform, self.half_life)

    def loss(self, step: Step) -> Tensor:
        """Return supervised loss + consistency + fairness."""
        weak = step.unlabelled.speech
        views = (step.labelled.speech, weak, strong_view(weak))
        labelled, weak_logits, strong_logits = together(self.model, *views)
        p = weak_logits.detach().float().softmax(dim=1)
        kept = self._threshold(p, step.progress)
        step.report(p.argmax(dim=1), kept)
        supervised = cross_entropy(labelled, step.labelled.emotion)
        if not len(weak):
            return supervised
        histogram = _histogram(p, torch.ones_like(kept))
        usual = self._histogram.update(histogram, step.progress)
        strong = strong_logits.float().softmax(dim=1)
        return (
            supervised
            + pseudo_label_loss(strong_logits, p, kept)
            + self.fairness * unfairness(self._threshold.mean, usual, strong, kept)
        )


def unfairness(usual: Tensor, usual_histogram: Tensor, strong: Tensor, kept: Tensor) -> Tensor:
    """Return sum_c a_c log b_c; 0 where nothing is kept.

    a is the usual mean answer over the usual histogram, b the mean answer of the kept strong views
    over their histogram, both normalised; a class that a histogram lacks has 0.

    Args:
        usual: moving average of the mean answer, shape (classes,).
        usual_histogram: moving average of the histogram of answers, shape (classes,).
        strong: class probabilities of the strong views, shape (batch, classes).
        kept: 1 or 0, shape (batch,).
    """
    mean = (kept[:, None] * strong).sum(dim=0) / kept.sum().clamp(min=1)
    ours = _over(mean, _histogram(strong, kept))
    return kept.amax() * (_over(usual, usual_histogram) * (ours + 1e-12).log()).sum()


def _histogram(probabilities: Tensor, kept: Tensor) -> Tensor:
    answers = one_hot(probabilities.argmax(dim=1), probabilities.shape[1])
    return (kept[:, None] * answers).sum(dim=0) / kept.sum().clamp(min=1)


def _over(mean: Tensor, histogram: Tensor) -> Tensor:
    ratio = torch.where(histogram > 0, mean / histogram.clamp(min=1e-12), 0.0)
    return ratio / ratio.sum().clamp(min=1e-12)
