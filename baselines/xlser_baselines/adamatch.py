"""AdaMatch: semi-supervised learning and domain adaptation in one."""

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.training import (
    HALF_TARGET,
    GradientMethod,
    Step,
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
    (On the frozen track there is no batch norm, and the two differ by dropout alone.) Answers to
    unlabelled speech are aligned to the mean answer to labelled speech and kept where max p reaches
    tau times the mean confidence on labelled speech. Their loss is weighted
    0.5 - 0.5 cos(min(pi, 2 pi t)), t being the training's progress. Adapted: labelled speech passes
    in its weak view only.
    """

    name = "adamatch"
    target_labels = "few"
    citation = "Berthelot et al. (2022), AdaMatch, ICLR"
    shares = HALF_TARGET
    tau: float = 0.95

    def loss(self, step: Step) -> Tensor:
        """Return the supervised loss plus that of the strong views."""
        weak = step.unlabelled.speech
        views = (step.labelled.speech, weak, strong_view(weak))
        jointly, weak_logits, strong_logits = together(self.model, *views)
        with statistics_held(self.model):
            alone = self.model(step.labelled.speech)
        mixed = alone + torch.rand_like(jointly) * (jointly - alone)
        supervised = cross_entropy(mixed, step.labelled.emotion)
        if not len(weak):
            return supervised
        known = mixed.detach().float().softmax(dim=1)
        p = weak_logits.detach().float().softmax(dim=1)
        aligned = align(p, p.mean(dim=0), known.mean(dim=0))
        kept = confident(aligned, self.tau * known.amax(dim=1).mean())
        warm_up = 0.5 - 0.5 * math.cos(min(math.pi, 2 * math.pi * step.progress))
        return supervised + warm_up * pseudo_label_loss(strong_logits, aligned, kept)
