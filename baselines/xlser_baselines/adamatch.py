"""AdaMatch: semi-supervised learning and domain adaptation in one."""

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.methods import Task
from xlser.training import (
    HALF_TARGET,
    Average,
    GradientMethod,
    Step,
    Window,
    align,
    confident,
    pseudo_label_loss,
    statistics_held,
    strong_view,
    together,
)


class AdaMatch(GradientMethod):
    """Logit interpolation, alignment, a relative threshold (Berthelot et al. 2022, Section 3).

    Built for this very setting: labelled speech of one domain, unlabelled speech of another.
    Labelled speech passes twice, alone and together with the target, and its logits are random
    mixtures of both, which bridges the two batch-norm statistics; those of the joint pass are kept.
    (On the frozen track there is no batch norm, and the two differ by dropout alone.) As in the
    authors' code for semi-supervised domain adaptation, source and labelled target have a mean
    cross-entropy each, and the two are summed; answers to unlabelled speech, whose usual mean is
    that of the last 128 batches, are aligned to the usual mean answer to the source, and kept where
    max p reaches tau times the mean confidence on the source. Their loss is weighted
    0.5 - 0.5 cos(min(pi, 2 pi t)), t being the training's progress. Adapted: labelled speech passes
    in its weak view only, the model itself predicts and not the average of its weights, and the
    momentum of the source's average is scaled to the length of training, see
    `xlser.training.HALF_LIFE`.
    """

    name = "adamatch"
    family = "consistency"
    target_labels = "few"
    citation = "Berthelot et al. (2022), AdaMatch, ICLR"
    shares = HALF_TARGET
    tau: float = 0.9
    window: int = 128
    half_life: float = 0.007

    def setup(self, task: Task) -> None:
        """Start the usual answers from the uniform distribution."""
        uniform = torch.full((len(task.classes),), 1 / len(task.classes), device=task.device)
        self._of_source = Average(uniform, self.half_life)
        self._of_unlabelled = Window(uniform, self.window)

    def loss(self, step: Step) -> Tensor:
        """Return the supervised loss plus that of the strong views."""
        weak = step.unlabelled.speech
        views = (step.labelled.speech, weak, strong_view(weak))
        jointly, weak_logits, strong_logits = together(self.model, *views)
        with statistics_held(self.model):
            alone = self.model(step.labelled.speech)
        mixed = alone + torch.rand_like(jointly) * (jointly - alone)
        each = cross_entropy(mixed, step.labelled.emotion, reduction="none")
        sources = step.labelled.sources
        source, target = each.tensor_split([sources])
        supervised = source.mean() + target.sum() / max(len(target), 1)
        if not len(weak):
            return supervised
        known = mixed[:sources].detach().float().softmax(dim=1)
        p = weak_logits.detach().float().softmax(dim=1)
        usual = self._of_source.update(known.mean(dim=0), step.progress)
        aligned = align(p, self._of_unlabelled.update(p.mean(dim=0)), usual)
        kept = confident(aligned, self.tau * known.amax(dim=1).mean())
        step.report(aligned.argmax(dim=1), kept)
        warm_up = 0.5 - 0.5 * math.cos(min(math.pi, 2 * math.pi * step.progress))
        return supervised + warm_up * pseudo_label_loss(strong_logits, aligned, kept)
