"""CDAC: unlabelled speech that clusters, pseudo-labels and consistency."""

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from xlser.methods import Task
from xlser.training import (
    HALF_TARGET,
    CosineHead,
    GradientMethod,
    Step,
    confident,
    in_float32,
    pseudo_label_loss,
    reverse_gradient,
    strong_view,
    together,
)


class CDAC(GradientMethod):
    """Cross-domain adaptive clustering (Li et al. 2021, Eq. 2-7).

    Beside CE(S, K), three terms on unlabelled speech. Clustering: two utterances are alike where
    the five largest dimensions of their embeddings are the same ones; the encoder minimises, and
    the classifier maximises, the binary cross-entropy between that and p_i . p'_j, p' being the
    answers to a strong view. Pseudo-labels: answers of max p >= 0.95 teach a second strong view.
    Consistency: mean squared difference of the answers to both strong views, its weight growing to
    30 by exp(-5 (1 - t)^2) over the first 40 % of training. The classifier is that of `mme`.
    Adapted: views of speech for views of images; both players move in one step; which dimensions
    are largest is looked at without dropout, which their encoder has none of and under which two
    utterances would hardly ever be alike.
    """

    name = "cdac"
    family = "consistency"
    target_labels = "few"
    citation = "Li et al. (2021), Cross-domain adaptive clustering for SSDA, CVPR"
    shares = HALF_TARGET
    temperature: float = 0.05
    largest: int = 5
    tau: float = 0.95
    consistency: float = 30.0
    warm_up: float = 0.4

    def setup(self, task: Task) -> None:
        """Put the classifier over normalised embeddings in the place of the linear one."""
        self.model.head = CosineHead(cast("nn.Linear", self.model.head), self.temperature)

    def loss(self, step: Step) -> Tensor:
        """Return emotion loss plus the three terms."""
        weak = step.unlabelled.speech
        alike = self._alike(weak)
        views = (step.labelled.speech, weak, strong_view(weak), strong_view(weak))
        labelled, *z = together(self.model.embed, *views)
        emotion = cross_entropy(self.model.head(labelled), step.labelled.emotion)
        if not len(weak):
            return emotion
        played = [self.model.head(reverse_gradient(view, 1.0)) for view in z[:2]]
        clustering = -pairwise_loss(played[0], played[1], alike)

        logits = [self.model.head(view) for view in z]
        p, one, other = (each.float().softmax(dim=1) for each in logits)
        p = p.detach()
        kept = confident(p, self.tau)
        step.report(p.argmax(dim=1), kept)
        taught = pseudo_label_loss(logits[2], p, kept)
        warmth = min(step.progress / self.warm_up, 1.0) if self.warm_up else 1.0
        weight = self.consistency * math.exp(-5 * (1 - warmth) ** 2)
        return emotion + clustering + taught + weight * mse_loss(one, other)

    @torch.no_grad()
    def _alike(self, speech: Tensor) -> Tensor:
        self.model.encoder.eval()
        z = self.model.embed(speech)
        self.model.encoder.train()
        return same_largest(z, self.largest)


def same_largest(z: Tensor, count: int) -> Tensor:
    """Return 1 for pairs whose `count` largest dimensions are the same ones, (batch, batch)."""
    chosen = torch.zeros_like(z).scatter(1, z.topk(min(count, z.shape[1]), dim=1).indices, 1.0)
    return (chosen @ chosen.T >= chosen.sum(dim=1)).float()


@in_float32
def pairwise_loss(logits: Tensor, others: Tensor, alike: Tensor) -> Tensor:
    """Return the mean binary cross-entropy between `alike` and p_i . p'_j over all pairs.

    Args:
        logits: shape (batch, classes).
        others: of another view, shape (batch, classes).
        alike: 1 or 0, shape (batch, batch).
    """
    agreement = logits.softmax(dim=1) @ others.softmax(dim=1).T
    yes, no = (agreement + 1e-7).log(), (1 - agreement + 1e-7).log()
    return -(alike * yes + (1 - alike) * no).mean()
