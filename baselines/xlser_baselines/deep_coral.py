"""Deep CORAL: source and target embeddings of the same covariance."""

from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.training import HALF_TARGET, GradientMethod, Step, in_float32, together


class DeepCORAL(GradientMethod):
    """Correlation alignment (Sun & Saenko 2016, Eq. 1-3).

    The loss adds ||cov_S - cov_T||^2 / (4 d^2) of the embeddings z, trade-off 1. Adapted: the
    original aligns the last layer of AlexNet; here it is the embedding, of d = 256 on the frozen
    track and the backbone's on the other.
    """

    name = "deep-coral"
    target_labels = "few"
    citation = "Sun & Saenko (2016), Deep CORAL, ECCV workshops"
    shares = HALF_TARGET
    weight: float = 1.0

    def loss(self, step: Step) -> Tensor:
        """Return emotion loss plus the difference of covariances."""
        parts = (step.labelled.speech, step.unlabelled.speech)
        labelled, unlabelled = together(self.model.embed, *parts)
        emotion = cross_entropy(self.model.head(labelled), step.labelled.emotion)
        return emotion + self.weight * coral(*step.by_domain(labelled, unlabelled))


@in_float32
def coral(source: Tensor, target: Tensor) -> Tensor:
    """Return ||cov(source) - cov(target)||^2 / (4 d^2); features of shape (batch, d).

    0 where a domain has fewer than two rows, and so no covariance.
    """
    if min(len(source), len(target)) < 2:
        return source.new_zeros(())
    difference = source.T.cov() - target.T.cov()
    return difference.square().sum() / (4 * source.shape[1] ** 2)
