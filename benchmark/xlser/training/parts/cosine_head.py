"""A classifier that sees directions alone, as few-shot methods have it."""

from torch import Tensor, nn
from torch.nn.functional import normalize


class CosineHead(nn.Module):
    """Logits w_c . z / |z| / T, the w_c being learnt (Saito et al. 2019, Section 3.1).

    The w_c begin as the normalised weights of a linear layer, so that the classes keep the
    directions that stage "source" has found for them.

    Args:
        linear: the layer whose place it takes.
        temperature: T.
    """

    def __init__(self, linear: nn.Linear, temperature: float) -> None:
        super().__init__()
        self.prototypes = nn.Parameter(normalize(linear.weight.detach().clone(), dim=1))
        self.temperature = temperature

    def forward(self, z: Tensor) -> Tensor:
        """Return logits, shape (batch, classes), of embeddings, shape (batch, dimension)."""
        cosines = normalize(z.float(), dim=1) @ self.prototypes.float().T
        return cosines / self.temperature
