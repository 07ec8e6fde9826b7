"""FLUDA: few-shot episodes whose queries are real and pseudo-labelled."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, logsigmoid, mse_loss, one_hot

from xlser.methods import Predictor, Speech, Task
from xlser.training import (
    HALF_TARGET,
    DomainHead,
    GradientMethod,
    ModelPredictor,
    Step,
    class_means,
    embed,
    shots_of_each_class,
    together,
)


class FLUDA(GradientMethod):
    """Few-shot learning and unsupervised domain adaptation (Ahn et al. 2021).

    Each step is an episode. Five labelled utterances of each class, of S and K, are the support;
    queries are as many other labelled ones and, with pseudo-labels of the step before, as many
    unlabelled ones: of each class the most similar. A metric module g([class mean, z]) gives the
    similarity, trained by mean squared error to one-hot (Sung et al. 2018, Eq. 2); an auxiliary
    head behind gradient reversal tells real from pseudo-labelled queries. The most similar class
    mean predicts, each language counting alike in the means. Adapted: z is our backbone's
    embedding, and support and queries are taken from the shared batches.

    Reconstructed from its abstract and from what Agarla et al. (2022) say of it: the full text and
    the authors' code were not at hand. Settings that these do not state are ours.
    """

    name = "fluda"
    family = "pseudo-labels"
    target_labels = "few"
    citation = "Ahn et al. (2021), Cross-corpus SER based on few-shot learning and UDA, IEEE SPL"
    reconstructed = True
    shares = HALF_TARGET
    shots: int = 5

    def setup(self, task: Task) -> None:
        """Make the metric module and the auxiliary head."""
        self._classes = len(task.classes)
        self.metric = Metric(self.model.dimension).to(task.device)
        self.auxiliary = DomainHead(self.model.dimension).to(task.device)
        self._pseudo: tuple[Tensor, Tensor] | None = None

    def loss(self, step: Step) -> Tensor:
        """Return the error of an episode; then pseudo-label the queries of the next."""
        known = step.labelled.emotion
        chosen = shots_of_each_class(known, 2 * self.shots, self._classes)
        support, real = chosen[0::2], chosen[1::2]  # about half of each class to either
        speech, pseudo = self._pseudo or (step.unlabelled.speech[:0], known[:0])

        labelled, queries, candidates = together(
            self.model.embed, step.labelled.speech, speech, step.unlabelled.speech
        )
        means = class_means(labelled[support], known[support], self._classes)
        z = torch.cat([labelled[real], queries])
        wanted = one_hot(torch.cat([known[real], pseudo]), self._classes).float()
        error = mse_loss(self.metric(means, z).float().sigmoid(), wanted)
        if len(pseudo):
            is_pseudo = torch.arange(len(z), device=z.device) >= len(real)
            error = error + self.auxiliary.adversarial_loss(z, is_pseudo, step.progress)
        alike, answers = self._most_similar(means.detach(), candidates.detach())
        step.report(answers, torch.zeros(len(answers), device=z.device).index_fill(0, alike, 1.0))
        self._pseudo = (step.unlabelled.speech[alike], answers[alike])
        return error

    @torch.no_grad()
    def _most_similar(self, means: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return which candidates are to be queries, and the pseudo-labels of all."""
        best, answer = self.metric(means, z).float().max(dim=1)
        order = best.argsort(descending=True)
        chosen = [order[answer[order] == c][: self.shots] for c in range(self._classes)]
        return torch.cat(chosen), answer

    def predictor(self, task: Task) -> Predictor:
        """Return what compares with the class means of all labelled speech."""
        parts = [part for part in (task.source, task.target_labelled) if len(part)]
        means = torch.stack([self._means(part.speech, part.emotion) for part in parts])
        there = torch.stack(
            [one_hot(part.emotion, self._classes).amax(dim=0) > 0 for part in parts]
        )[..., None]
        joint = (means * there).sum(dim=0) / there.sum(dim=0).clamp(min=1)
        return ModelPredictor(_Comparison(self.model.encoder, self.metric, joint))

    def _means(self, speech: Speech, emotion: Tensor) -> Tensor:
        return class_means(embed(self.model.encoder, speech), emotion, self._classes)


class Metric(nn.Module):
    """g: similarity of an embedding to a class mean, 2d - 256 - ReLU - 1 (Sung et al. 2018)."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.first = nn.Linear(2 * dimension, 256)
        self.last = nn.Linear(256, 1)

    def forward(self, means: Tensor, z: Tensor) -> Tensor:
        """Return logits, shape (batch, classes), of means (classes, d) and z (batch, d)."""
        # The first layer of [mean, z] is a sum over its halves, each computed once and not a pair.
        of_means, of_z = self.first.weight.tensor_split(2, dim=1)
        pairs = linear(means, of_means, self.first.bias) + linear(z, of_z)[:, None]
        logits: Tensor = self.last(pairs.relu()).squeeze(2)
        return logits


class _Comparison(nn.Module):
    """The similarity to each class mean, as logits whose softmax is in proportion to it."""

    def __init__(self, encoder: nn.Module, metric: Metric, means: Tensor) -> None:
        super().__init__()
        self.encoder, self.metric = encoder, metric
        self.register_buffer("means", means)

    def forward(self, speech: Tensor, lengths: Tensor | None = None) -> Tensor:
        return logsigmoid(self.metric(self.means, self.encoder(speech, lengths)))
