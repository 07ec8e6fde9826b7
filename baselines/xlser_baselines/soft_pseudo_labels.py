"""Soft pseudo-labels: the model's own answers as they are, under mixup."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from xlser.methods import Task
from xlser.training import (
    GradientMethod,
    Step,
    divergence_from_prior,
    embed,
    entropy,
    mixup,
)


class SoftPseudoLabels(GradientMethod):
    """Cross-entropy on mixtures of labelled and self-labelled speech, with two regularisers.

    Agarla et al. (2022), Section 4.2.2, after Arazo et al. (2020): the soft label of an unlabelled
    utterance is the model's answer to the whole of it, anew each epoch. Each batch is mixed with a
    permutation of itself, one share a ~ U(0, 1) (Eq. 6, 7), and the loss is CE + 0.8 R_A + 0.4 R_H
    (Eq. 3-5), both regularisers on the mixed batch. Batches are drawn from the union of all data;
    stage 1 takes the place of Arazo's warm-up. The paper's R_A takes the uniform distribution as
    prior, which is wrong for ShEMO; `prior` offers the frequencies of the source's or the labelled
    target's emotions.
    """

    name = "soft-pseudo-labels"
    family = "pseudo-labels"
    target_labels = "few"
    citation = "Agarla et al. (2022), Semi-supervised cross-lingual SER, Section 4.2.2"
    lambda_a: float = 0.8
    lambda_h: float = 0.4
    prior: Literal["uniform", "source", "labelled"] = "uniform"

    def setup(self, task: Task) -> None:
        """Compute the prior."""
        self._classes = len(task.classes)
        self._prior = torch.full((self._classes,), 1 / self._classes, device=task.device)
        known = {"source": task.source, "labelled": task.target_labelled}.get(self.prior)
        if known is not None and len(known):  # without labelled target it stays uniform
            self._prior = one_hot(known.emotion, self._classes).float().mean(dim=0)

    def before_epoch(self, task: Task, epoch: int) -> None:
        """Label the unlabelled utterances anew."""
        self._soft = embed(self.model, task.target_unlabelled).softmax(dim=1)

    def loss(self, step: Step) -> Tensor:
        """Return CE + 0.8 R_A + 0.4 R_H of the mixed batch."""
        speech = torch.cat([step.labelled.speech, step.unlabelled.speech])
        real = one_hot(step.labelled.emotion, self._classes).float()
        soft = self._soft[step.unlabelled.index]
        step.report(soft.argmax(dim=1))
        answers = torch.cat([real, soft])
        partner = torch.randperm(len(speech), device=speech.device)
        share = torch.rand((), device=speech.device)
        logits = self.model(mixup(speech, speech[partner], share))
        return (
            cross_entropy(logits, mixup(answers, answers[partner], share))
            + self.lambda_a * divergence_from_prior(logits, self._prior)
            + self.lambda_h * entropy(logits).mean()
        )
