"""MME: a classifier and an encoder that play for the entropy of unlabelled speech."""

from typing import cast

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from xlser.methods import Task
from xlser.training import (
    HALF_TARGET,
    CosineHead,
    GradientMethod,
    Step,
    entropy,
    reverse_gradient,
    together,
)


class MinimaxEntropy(GradientMethod):
    """Minimax entropy (Saito et al. 2019, Eq. 2-4).

    A classifier over normalised embeddings, softmax(W z / |z| / T) with T 0.05, minimises
    CE(S, K) - 0.1 H(p_u), so that its prototypes move towards unlabelled speech; the encoder
    minimises CE(S, K) + 0.1 H(p_u), so that speech gathers around the prototypes. Adapted: both
    players move in one step, by gradient reversal, and the prototypes begin as the directions of
    stage "source".
    """

    name = "mme"
    family = "entropy"
    target_labels = "few"
    citation = "Saito et al. (2019), Semi-supervised domain adaptation via minimax entropy, ICCV"
    shares = HALF_TARGET
    weight: float = 0.1
    temperature: float = 0.05

    def setup(self, task: Task) -> None:
        """Put the classifier over normalised embeddings in the place of the linear one."""
        self.model.head = CosineHead(cast("nn.Linear", self.model.head), self.temperature)

    def loss(self, step: Step) -> Tensor:
        """Return emotion loss minus weighted entropy, its gradient reversed for the encoder."""
        parts = (step.labelled.speech, step.unlabelled.speech)
        labelled, unlabelled = together(self.model.embed, *parts)
        emotion = cross_entropy(self.model.head(labelled), step.labelled.emotion)
        if not len(unlabelled):
            return emotion
        logits = self.model.head(reverse_gradient(unlabelled, 1.0))
        return emotion - self.weight * entropy(logits).mean()
