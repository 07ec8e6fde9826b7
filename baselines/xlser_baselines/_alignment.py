"""What Deep CORAL and DAN share: a distance between the domains' embeddings as a loss."""

from abc import abstractmethod

from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.training import HALF_TARGET, GradientMethod, Step, together


class AlignedEmbeddings(GradientMethod):
    """Cross-entropy on labelled speech plus a distance between source and target embeddings.

    Half of each batch is target speech.
    """

    target_labels = "few"
    shares = HALF_TARGET
    weight: float = 1.0

    @abstractmethod
    def distance(self, source: Tensor, target: Tensor) -> Tensor:
        """Return how far apart two sets of embeddings are, shape (batch, dimension) each."""

    def loss(self, step: Step) -> Tensor:
        """Return emotion loss plus weighted distance."""
        parts = (step.labelled.speech, step.unlabelled.speech)
        labelled, unlabelled = together(self.model.embed, *parts)
        emotion = cross_entropy(self.model.head(labelled), step.labelled.emotion)
        return emotion + self.weight * self.distance(*step.by_domain(labelled, unlabelled))
