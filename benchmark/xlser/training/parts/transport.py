"""Optimal transport between two sets of utterances that weigh the same."""

import math

import torch
from torch import Tensor


@torch.no_grad()
def transport_plan(cost: Tensor, blur: float, rounds: int) -> Tensor:
    """Return the entropic optimal transport plan, shape as `cost`, summing to one.

    It minimises <plan, cost> - blur mean(cost) H(plan) over plans whose rows sum to 1 / rows and
    whose columns sum to 1 / columns (Cuturi 2013), by Sinkhorn's iteration on logarithms. Nothing
    waits for the device: the number of rounds is fixed. Rows sum exactly after the last of them.

    Args:
        cost: of moving row i to column j, finite, shape (rows, columns), neither of them zero.
        blur: how much entropy counts, in mean costs; towards 0 the plan becomes the exact one.
        rounds: of scaling columns and rows.
    """
    rows, columns = cost.shape
    kernel = -cost / (blur * cost.mean()).clamp(min=1e-12)
    row, column = -math.log(rows), -math.log(columns)
    of_rows = torch.zeros_like(cost[:, :1])
    of_columns = torch.zeros_like(cost[:1])
    for _ in range(rounds):
        of_columns = column - (kernel + of_rows).logsumexp(dim=0, keepdim=True)
        of_rows = row - (kernel + of_columns).logsumexp(dim=1, keepdim=True)
    return (kernel + of_rows + of_columns).exp()
