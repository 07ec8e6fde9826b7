"""MixMatch: guessed labels, sharpened, and everything mixed with everything."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss, one_hot

from xlser.methods import Task
from xlser.training import (
    HALF_TARGET,
    GradientMethod,
    Step,
    mixup,
    sharpen,
    statistics_held,
    strong_view,
    together,
)


class MixMatch(GradientMethod):
    """Averaged and sharpened guesses under mixup (Berthelot et al. 2019, Algorithm 1).

    The guess for an unlabelled utterance is the mean answer to two views, sharpened with T 0.5
    (Eq. 7). Labelled and unlabelled speech are mixed with a random other row of the whole batch,
    share max(l, 1 - l), l ~ Beta(0.5, 0.5) (Eq. 8-11). Cross-entropy on the labelled mixtures, mean
    squared error on the unlabelled ones (Eq. 3, 4), whose weight grows linearly to 10 over 40 % of
    the training, as in the audio configuration of USB (Wang et al. 2022); the 75 of the paper are
    for CIFAR-10. Adapted: the two views are the weak and the strong one, as a weak view of an
    embedding is that embedding.

    Without target labels it may end at chance (frozen track, v1): guesses count whatever their
    confidence, sharpening makes the most frequent answer more frequent still, and as the weight
    grows all unlabelled speech goes to one class (watched on the unlabelled train speech).
    """

    name = "mixmatch"
    family = "consistency"
    target_labels = "few"
    citation = "Berthelot et al. (2019), MixMatch, NeurIPS"
    shares = HALF_TARGET
    temperature: float = 0.5
    alpha: float = 0.5
    weight: float = 10.0
    warm_up: float = 0.4

    def setup(self, task: Task) -> None:
        """Note the number of classes and where to draw the share."""
        self._classes = len(task.classes)
        alpha = torch.tensor(self.alpha, device=task.device)
        self._share = torch.distributions.Beta(alpha, alpha)

    def loss(self, step: Step) -> Tensor:
        """Return cross-entropy of labelled plus weighted error of unlabelled mixtures."""
        weak, strong = step.unlabelled.speech, strong_view(step.unlabelled.speech)
        guess = self._guess(weak, strong)
        step.report(guess.argmax(dim=1))
        known = one_hot(step.labelled.emotion, self._classes).float()
        speech = torch.cat([step.labelled.speech, weak, strong])
        answers = torch.cat([known, guess, guess])

        partner = torch.randperm(len(speech), device=speech.device)
        drawn = self._share.sample()
        share = torch.maximum(drawn, 1 - drawn)
        mixed = mixup(speech, speech[partner], share)
        wanted = mixup(answers, answers[partner], share)

        count = len(known)
        logits = self.model(mixed)
        supervised = cross_entropy(logits[:count], wanted[:count])
        if not len(weak):
            return supervised
        error = mse_loss(logits[count:].float().softmax(dim=1), wanted[count:])
        warmth = min(step.progress / self.warm_up, 1.0) if self.warm_up else 1.0
        return supervised + self.weight * warmth * error

    @torch.no_grad()
    def _guess(self, weak: Tensor, strong: Tensor) -> Tensor:
        if not len(weak):
            return weak.new_zeros(0, self._classes)
        with statistics_held(self.model):
            logits = together(self.model, weak, strong)
        answers = [each.float().softmax(dim=1) for each in logits]
        return sharpen((answers[0] + answers[1]) / 2, self.temperature)
