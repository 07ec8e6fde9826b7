"""DAN: source and target embeddings of the same distribution, by kernels."""

import torch
from torch import Tensor

from xlser.training import in_float32
from xlser_baselines._alignment import AlignedEmbeddings


class DAN(AlignedEmbeddings):
    """Multi-kernel maximum mean discrepancy (Long et al. 2015, Section 3).

    The loss adds the squared MMD between source and target embeddings under the sum of five
    Gaussian kernels, their bandwidths 1/4 to 4 times the mean squared distance of the batch, as
    its authors' library sets them; trade-off 1. Adapted: one layer, the embedding, and kernels of
    equal weight in place of the optimised ones.
    """

    name = "dan"
    family = "alignment"
    citation = "Long et al. (2015), Learning transferable features with DAN, ICML"

    def distance(self, source: Tensor, target: Tensor) -> Tensor:
        """Return the squared MMD of two sets of embeddings; see `discrepancy`."""
        return discrepancy(source, target)


@in_float32
def discrepancy(source: Tensor, target: Tensor) -> Tensor:
    """Return the squared MMD of features of shape (batch, d): biased estimate, five kernels.

    0 where a domain has no row.
    """
    if not (len(source) and len(target)):
        return source.new_zeros(())
    features = torch.cat([source, target])
    products = features @ features.T
    squares = products.diagonal()
    distance = (squares[:, None] + squares - 2 * products).clamp(min=0)
    width = distance.detach().mean().clamp(min=1e-12)
    kernel = torch.stack([torch.exp(-distance / (2.0**k * width)) for k in range(-2, 3)]).sum(dim=0)
    n = len(source)
    within = kernel[:n, :n].mean() + kernel[n:, n:].mean()
    return within - 2 * kernel[:n, n:].mean()
