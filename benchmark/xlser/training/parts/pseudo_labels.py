"""Pseudo-labels: which of a model's own answers to learn from, and how much.

Each rule takes the probabilities p of a batch of unlabelled utterances, shape (batch, classes), and
returns a weight for each, shape (batch,): 1 or 0 where the rule keeps or drops. Rules that adapt
are objects, which start as if nothing had been learnt.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot


def confident(probabilities: Tensor, tau: float | Tensor) -> Tensor:
    """Return 1 where max p >= tau, else 0 (Agarla et al. 2022, Eq. 2).

    Args:
        probabilities: shape (batch, classes).
        tau: one threshold, or one an utterance, shape (batch,).
    """
    return (probabilities.amax(dim=1) >= tau).float()


def pseudo_label_loss(logits: Tensor, probabilities: Tensor, weight: Tensor) -> Tensor:
    """Return the mean over the batch of weight x cross-entropy(argmax p, logits).

    Args:
        logits: of the view that learns, shape (batch, classes); an empty batch gives 0.
        probabilities: of the view that teaches, shape (batch, classes), without gradient.
        weight: shape (batch,).
    """
    each = cross_entropy(logits.float(), probabilities.argmax(dim=1), reduction="none")
    return (weight * each).sum() / max(len(logits), 1)


def sharpen(probabilities: Tensor, temperature: float) -> Tensor:
    """Return p^(1/T), normalised (Berthelot et al. 2019, Eq. 7)."""
    powers = probabilities ** (1 / temperature)
    return powers / powers.sum(dim=1, keepdim=True)


def align(probabilities: Tensor, ours: Tensor, wanted: Tensor) -> Tensor:
    """Return p x wanted / ours, normalised: distribution alignment (Berthelot et al. 2020).

    Args:
        probabilities: shape (batch, classes).
        ours: mean of the model's answers, shape (classes,).
        wanted: mean that they are to have, shape (classes,).
    """
    aligned = probabilities * (wanted / ours.clamp(min=1e-6))
    return aligned / aligned.sum(dim=1, keepdim=True).clamp(min=1e-12)


@dataclass
class Average:
    """An exponential moving average of a tensor.

    Attributes:
        value: so far.
        momentum: share of the old value that stays.
    """

    value: Tensor
    momentum: float = 0.999

    def update(self, new: Tensor) -> Tensor:
        """Take in `new` and return the average."""
        self.value = self.momentum * self.value + (1 - self.momentum) * new.detach()
        return self.value


@dataclass
class CurriculumThreshold:
    """FlexMatch's threshold: lower for classes of which little has been learnt.

    Zhang et al. (2021), Section 3: b_c is the number of unlabelled utterances whose latest answer
    was c with p >= tau, divided by the largest such number or, as long as it is larger, by the
    number of utterances without such an answer; the threshold is tau b_c / (2 - b_c).

    Attributes:
        utterances: unlabelled, in all.
        classes: number of them.
        tau: threshold of a class that is fully learnt.
        device: where the tensors are.
    """

    utterances: int
    classes: int
    tau: float
    device: torch.device
    _latest: Tensor = field(init=False)

    def __post_init__(self) -> None:
        # One class more than there are stands for "no confident answer yet".
        self._latest = torch.full((self.utterances,), self.classes, device=self.device)

    def __call__(self, probabilities: Tensor, index: Tensor) -> Tensor:
        """Return 1 where the class's threshold is reached, else 0, then take the answers in.

        Args:
            probabilities: shape (batch, classes).
            index: which unlabelled utterances these are, shape (batch,).
        """
        best, answer = probabilities.max(dim=1)
        kept = (best >= self.thresholds()[answer]).float()
        sure = best >= self.tau
        self._latest[index] = torch.where(sure, answer, self._latest[index])
        return kept

    def thresholds(self) -> Tensor:
        """Return the threshold of each class, shape (classes,)."""
        # On a GPU `bincount` would wait for the counts.
        counts = one_hot(self._latest, self.classes + 1).sum(dim=0).float()
        learnt = counts[:-1] / counts.amax().clamp(min=1)
        return self.tau * learnt / (2 - learnt)


class SelfAdaptiveThreshold:
    """FreeMatch's threshold: how sure the model is on average, scaled by class.

    Wang et al. (2023): the moving average of mean max p, times the moving average of
    mean p_c divided by its largest.
    """

    def __init__(self, classes: int, momentum: float, device: torch.device) -> None:
        uniform = torch.full((classes,), 1 / classes, device=device)
        self._sure = Average(uniform[0], momentum)
        self.mean = Average(uniform, momentum)

    def __call__(self, probabilities: Tensor) -> Tensor:
        """Take the answers in and return 1 where the class's threshold is reached, else 0."""
        if not len(probabilities):
            return probabilities.new_zeros(0)
        best, answer = probabilities.max(dim=1)
        self._sure.update(best.mean())
        self.mean.update(probabilities.mean(dim=0))
        return (best >= self.thresholds()[answer]).float()

    def thresholds(self) -> Tensor:
        """Return the threshold of each class, shape (classes,)."""
        return self._sure.value * self.mean.value / self.mean.value.amax()


class SoftWeight:
    """SoftMatch's weight: a Gaussian below the average confidence, 1 above it.

    Chen et al. (2023): exp(-min(max p - mu, 0)^2 / (2 var / n^2)), mu and var moving
    averages over batches of the mean and variance of max p.
    """

    def __init__(self, classes: int, momentum: float, n: float, device: torch.device) -> None:
        self._mean = Average(torch.tensor(1 / classes, device=device), momentum)
        self._variance = Average(torch.tensor(1.0, device=device), momentum)
        self._n = n

    def __call__(self, probabilities: Tensor) -> Tensor:
        """Take the answers in and return their weights, 0 < weight <= 1."""
        best = probabilities.amax(dim=1)
        if len(best) > 1:  # a single answer has no variance
            self._mean.update(best.mean())
            self._variance.update(best.var())
        below = (best - self._mean.value).clamp(max=0)
        return torch.exp(-below.square() / (2 * self._variance.value / self._n**2))
