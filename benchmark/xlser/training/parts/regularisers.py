"""Terms on the distribution of a model's answers."""

from torch import Tensor


def entropy(logits: Tensor) -> Tensor:
    """Return -sum_c p_c log p_c of softmax(logits), shape (batch,), natural logarithm.

    Its batch mean is the paper's R_H (Agarla et al. 2022, Eq. 4): 0 where all answers are certain,
    log(classes) where all are uniform.
    """
    log_p = logits.float().log_softmax(dim=1)
    return -(log_p.exp() * log_p).sum(dim=1)


def divergence_from_prior(logits: Tensor, prior: Tensor) -> Tensor:
    """Return R_A = sum_c prior_c log(prior_c / mean p_c) (Agarla et al. 2022, Eq. 3).

    It is 0 where the mean answer of the batch is the prior, and grows without bound as a class of
    the prior is never answered.

    Args:
        logits: shape (batch, classes).
        prior: shape (classes,), summing to one; a class of probability 0 counts for nothing.
    """
    mean = logits.float().softmax(dim=1).mean(dim=0).clamp(min=1e-8)
    return (prior.xlogy(prior) - prior * mean.log()).sum()
