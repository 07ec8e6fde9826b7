"""Deep CORAL: source and target embeddings of the same covariance."""

from torch import Tensor

from xlser.training import in_float32
from xlser_baselines._alignment import AlignedEmbeddings


class DeepCORAL(AlignedEmbeddings):
    """Correlation alignment (Sun & Saenko 2016, Eq. 1-3).

    The loss adds ||cov_S - cov_T||^2 / (4 d^2) of the embeddings z, trade-off 1. Adapted: the
    original aligns the last layer of AlexNet; here it is the embedding, of d = 256 on the frozen
    track and the backbone's on the other.
    """

    name = "deep-coral"
    family = "alignment"
    citation = "Sun & Saenko (2016), Deep CORAL, ECCV workshops"

    def distance(self, source: Tensor, target: Tensor) -> Tensor:
        """Return the distance of the covariances of two sets of embeddings; see `coral`."""
        return coral(source, target)


@in_float32
def coral(source: Tensor, target: Tensor) -> Tensor:
    """Return ||cov(source) - cov(target)||^2 / (4 d^2); features of shape (batch, d).

    0 where a domain has fewer than two rows, and so no covariance.
    """
    if min(len(source), len(target)) < 2:
        return source.new_zeros(())
    difference = source.T.cov() - target.T.cov()
    return difference.square().sum() / (4 * source.shape[1] ** 2)
