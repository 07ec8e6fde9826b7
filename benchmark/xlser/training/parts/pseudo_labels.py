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
        tau: one threshold, or one per utterance, shape (batch,).
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
    """Return p^(1/T), normalised (Berthelot et al. 2019, Eq. 7), shape (batch, classes).

    Args:
        probabilities: p, shape (batch, classes).
        temperature: T; below 1 the highest probability grows.
    """
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


HALF_LIFE = 0.007
"""Share of a training after which what an average has taken in counts half. USB's audio runs have a
momentum of 0.999 over 102,400 steps: a half-life of 693 steps, 0.7 %. The momentum itself, in a
training of 1,800 steps, would leave averages at their start."""


@dataclass
class Average:
    """An exponential moving average of a tensor, its momentum scaled to the length of training.

    Attributes:
        value: so far; None takes the first tensor as it is.
        half_life: share of the training after which what was taken in counts half.
        progress: of the training when the average was last updated.
    """

    value: Tensor | None
    half_life: float = HALF_LIFE
    progress: float = 0.0

    def update(self, new: Tensor, progress: float) -> Tensor:
        """Take in `new` and return the average.

        Args:
            new: of the shape of `value`.
            progress: share of the training that is done (`Step.progress`).
        """
        if self.value is None:
            self.value = new.detach()
        else:
            momentum = 0.5 ** ((progress - self.progress) / self.half_life)
            self.value = momentum * self.value + (1 - momentum) * new.detach()
        self.progress = progress
        return self.value


class Window:
    """The mean of the latest tensors, as many as it holds; at first all are `start`.

    Args:
        start: shape (classes,).
        length: how many tensors it holds.
    """

    def __init__(self, start: Tensor, length: int) -> None:
        self._rows = start.repeat(length, 1)
        self._taken = 0

    def update(self, new: Tensor) -> Tensor:
        """Take in `new` in the place of the oldest and return the mean."""
        self._rows[self._taken % len(self._rows)] = new.detach()
        self._taken += 1
        return self._rows.mean(dim=0)


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

    def __init__(self, classes: int, half_life: float, device: torch.device) -> None:
        uniform = torch.full((classes,), 1 / classes, device=device)
        self._sure = uniform[0]
        self.mean = uniform
        self._averages = Average(self._sure, half_life), Average(self.mean, half_life)

    def __call__(self, probabilities: Tensor, progress: float) -> Tensor:
        """Take the answers in and return 1 where the class's threshold is reached, else 0."""
        if not len(probabilities):
            return probabilities.new_zeros(0)
        best, answer = probabilities.max(dim=1)
        of_sure, of_mean = self._averages
        self._sure = of_sure.update(best.mean(), progress)
        self.mean = of_mean.update(probabilities.mean(dim=0), progress)
        return (best >= self.thresholds()[answer]).float()

    def thresholds(self) -> Tensor:
        """Return the threshold of each class, shape (classes,)."""
        return self._sure * self.mean / self.mean.amax()


class SoftWeight:
    """SoftMatch's weight: a Gaussian below the average confidence, 1 above it.

    Chen et al. (2023): exp(-min(max p - mu, 0)^2 / (2 var / n^2)), mu and var moving
    averages over batches of the mean and variance of max p.
    """

    def __init__(self, classes: int, half_life: float, n: float, device: torch.device) -> None:
        self._mean = torch.tensor(1 / classes, device=device)
        self._variance = torch.tensor(1.0, device=device)
        self._averages = Average(self._mean, half_life), Average(self._variance, half_life)
        self._n = n

    def __call__(self, probabilities: Tensor, progress: float) -> Tensor:
        """Take the answers in and return their weights, 0 < weight <= 1."""
        best = probabilities.amax(dim=1)
        if len(best) > 1:  # a single answer has no variance
            of_mean, of_variance = self._averages
            self._mean = of_mean.update(best.mean(), progress)
            self._variance = of_variance.update(best.var(), progress)
        below = (best - self._mean).clamp(max=0)
        return torch.exp(-below.square() / (2 * self._variance / self._n**2))
