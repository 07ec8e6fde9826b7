"""Language-adversarial DANN: features that do not tell the language."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.methods import Task
from xlser.training import (
    HALF_TARGET,
    DomainHead,
    DomainStatistics,
    GradientMethod,
    Step,
    together,
)


class LanguageDANN(GradientMethod):
    """DANN with the language as domain, and batch norm per language (Cai et al. 2021).

    L = CE(S, K) + BCE(D(GRL(z))) as in `dann`. With one source and one target language its domains
    are the same as there, and so `batch_norm="joint"` is that method; "per-domain", the default,
    normalises each language by its own statistics, and predicts with the target's, English speech
    too: a predictor is not told the language. On the frozen track, whose model has no batch norm,
    the standardisation of the embeddings takes its place.
    """

    name = "language-dann"
    family = "adversarial"
    target_labels = "few"
    citation = "Cai et al. (2021), Unsupervised cross-lingual SER using DANN, ISCSLP"
    shares = HALF_TARGET
    batch_norm: Literal["joint", "per-domain"] = "per-domain"

    def setup(self, task: Task) -> None:
        """Make the language head, and the statistics of each language."""
        self.language = DomainHead(self.model.dimension).to(task.device)
        if self.batch_norm == "per-domain":
            self._statistics = DomainStatistics(self.model, task)

    def loss(self, step: Step) -> Tensor:
        """Return emotion loss plus language loss."""
        embed = self._jointly if self.batch_norm == "joint" else self._per_domain
        labelled, unlabelled = embed(step)
        emotion = cross_entropy(self.model.head(labelled), step.labelled.emotion)
        z = torch.cat([labelled, unlabelled])
        return emotion + self.language.adversarial_loss(z, step.of_target, step.progress)

    def _jointly(self, step: Step) -> tuple[Tensor, ...]:
        return together(self.model.embed, step.labelled.speech, step.unlabelled.speech)

    def _per_domain(self, step: Step) -> tuple[Tensor, ...]:
        source, target = step.by_domain(step.labelled.speech, step.unlabelled.speech)
        parts = [self._statistics.embed_source(source)]
        if len(target):
            parts.append(self._statistics.embed_target(target))
        embedded = torch.cat(parts)
        # Labelled rows are the source's, then the target's: the order of both together.
        return embedded.tensor_split([len(step.labelled.emotion)])
