"""GAN adaptation: two encoders whose embeddings a critic cannot tell apart."""

import copy

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from xlser.methods import Task
from xlser.training import (
    HALF_TARGET,
    Critic,
    GradientMethod,
    Step,
    gradient_penalty,
    in_float32,
)


class GANAdaptation(GradientMethod):
    """Generative adversarial adaptation (Latif et al. 2019).

    A source and a target encoder, begun from the same weights, map into one space. A critic learns
    to tell the two apart and they to fool it, while a shared head learns emotion from S and K. The
    game is WGAN-GP's: five steps of the critic for one of the encoders, gradient penalty 10
    (Gulrajani et al. 2017, Algorithm 1). The target encoder predicts, English speech too: a
    predictor is not told the language. Adapted: both encoders are our backbone, and the critic
    reads embeddings of unit length: ours are some 25 long, and as its slope is held at 1 the
    distance would outweigh the cross-entropy and wipe out the emotions within an epoch (watched on
    the unlabelled train speech). Without target labels it may still fall below the majority rate:
    the domains come to overlap, with nothing to say which class goes to which; on German the
    answers to unlabelled train speech are best after one epoch and near chance after twenty.

    Reconstructed from its abstract and from what Agarla et al. (2022) say of it: the full text and
    the authors' code were not at hand. Settings that these do not state are ours.
    """

    name = "gan-adaptation"
    family = "adversarial"
    target_labels = "few"
    citation = (
        "Latif et al. (2019), Unsupervised adversarial domain adaptation for cross-lingual SER, "
        "ACII"
    )
    reconstructed = True
    shares = HALF_TARGET
    critic_steps: int = 5
    penalty: float = 10.0
    weight: float = 1.0

    def setup(self, task: Task) -> None:
        """Make the source encoder a copy of the model's, which becomes the target's."""
        self.source_encoder = copy.deepcopy(self.model.encoder)
        rate = task.schedule.learning_rate
        self._critic = Critic(self.model.dimension, 1, rate, task.device)

    def loss(self, step: Step) -> Tensor:
        """Let the critic learn, then return emotion loss plus the distance it sees."""
        speech = step.by_domain(step.labelled.speech, step.unlabelled.speech)
        source = self.source_encoder(speech[0])
        target = self.model.embed(speech[1]) if len(speech[1]) else source[:0]
        # Rows stand in the order of both together: the source's, the target's labelled ones first.
        labelled = torch.cat([source, target])[: len(step.labelled.emotion)]
        emotion = cross_entropy(self.model.head(labelled), step.labelled.emotion)
        if not (len(source) and len(target)):
            return emotion
        source, target = normalize(source.float()), normalize(target.float())
        for _ in range(self.critic_steps):
            self._critic.learn(lambda: self._critic_loss(source.detach(), target.detach()))
        return emotion + self.weight * self._distance(source, target)

    def _distance(self, source: Tensor, target: Tensor) -> Tensor:
        """Return how far apart the critic sees the domains (Wasserstein distance)."""
        return self._critic(source).float().mean() - self._critic(target).float().mean()

    def _critic_loss(self, source: Tensor, target: Tensor) -> Tensor:
        pairs = min(len(source), len(target))
        penalised = in_float32(lambda s, t: gradient_penalty(self._critic, s, t))
        slope = penalised(source[:pairs], target[:pairs])
        return self.penalty * slope - self._distance(source, target)
