"""CADA: a critic that tells class and domain at once."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.methods import Task
from xlser.training import Critic, GradientMethod, Step, confident, together


class CADA(GradientMethod):
    """Class-wise adversarial domain adaptation (Zhou & Chen 2019).

    A critic D with an output for each class in each domain learns CE(D(z_s), (y, source)) +
    CE(D(z_k), (y, target)); the encoder learns emotion from S and K and to let the target's
    utterances pass for the source's of the same class, CE(D(z_k), (y, source)). Without target
    labels, unlabelled speech with pseudo-labels of max p >= tau stands in for K. Half of each batch
    is target speech. Adapted: the encoder is our backbone.

    Reconstructed from its abstract and from what Agarla et al. (2022) say of it: the full text and
    the authors' code were not at hand. Settings that these do not state are ours.
    """

    name = "cada"
    family = "adversarial"
    target_labels = "few"
    citation = "Zhou & Chen (2019), Class-wise adversarial domain adaptation for SER, ICASSP"
    reconstructed = True
    shares = {"source": 0.5, "target_labelled": 0.5, "target_unlabelled": 0.0}
    tau: float = 0.9
    weight: float = 1.0

    def setup(self, task: Task) -> None:
        """Make the critic."""
        self._classes = len(task.classes)
        rate = task.schedule.learning_rate
        self._critic = Critic(self.model.dimension, 2 * self._classes, rate, task.device)

    def loss(self, step: Step) -> Tensor:
        """Let the critic learn, then return emotion loss plus what fools it."""
        parts = (step.labelled.speech, step.unlabelled.speech)
        labelled, unlabelled = together(self.model.embed, *parts)
        emotion = cross_entropy(self.model.head(labelled), step.labelled.emotion)
        p = self.model.head(unlabelled).detach().float().softmax(dim=1)
        source, target = step.by_domain(labelled, unlabelled)
        answers, kept = p.argmax(dim=1), confident(p, self.tau)
        step.report(answers, kept)
        known, answered = step.by_domain(step.labelled.emotion, answers)
        certain = step.by_domain(torch.ones_like(step.labelled.emotion), kept)

        def critic_loss() -> Tensor:
            return self._mean_loss(source.detach(), known, certain[0]) + self._mean_loss(
                target.detach(), answered + self._classes, certain[1]
            )

        self._critic.learn(critic_loss)
        return emotion + self.weight * self._mean_loss(target, answered, certain[1])

    def _mean_loss(self, z: Tensor, output: Tensor, weight: Tensor) -> Tensor:
        """Return the critic's weighted mean cross-entropy towards `output`; 0 without weight."""
        each = cross_entropy(self._critic(z).float(), output, reduction="none")
        return (weight * each).sum() / weight.sum().clamp(min=1)
