"""SHOT: the source's classifier stays, and the encoder moves the target to it."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize, one_hot

from xlser.methods import Task
from xlser.training import GradientMethod, Step, embed, entropy, together


class SHOT(GradientMethod):
    """Source hypothesis transfer (Liang et al. 2020, Eq. 3-6), which needs no source speech.

    The classifier of stage "source" is frozen. On unlabelled speech the encoder minimises
    mean H(p) - H(mean p): certain answers, of all classes. It also learns, with weight 0.3, from
    pseudo-labels, made anew each epoch: the class whose centroid is nearest by cosine, centroids
    being first the means weighted by the answers and then those of the pseudo-labels. Labelled
    target speech adds its cross-entropy. Adapted: stage "source" is the shared one, without label
    smoothing and weight norm. Source speech is forgotten, so English may get worse.
    """

    name = "shot"
    family = "pseudo-labels"
    target_labels = "few"
    citation = "Liang et al. (2020), Do we really need to access the source data? ICML"
    shares = {"target_labelled": 0.5, "target_unlabelled": 0.5}
    weight: float = 0.3

    def setup(self, task: Task) -> None:
        """Freeze the classifier."""
        self.model.head.requires_grad_(False)

    def before_epoch(self, task: Task, epoch: int) -> None:
        """Make the pseudo-labels anew."""
        z = embed(self.model.encoder, task.target_unlabelled)
        with torch.no_grad():
            self._pseudo = centroid_labels(z, self.model.head(z).float().softmax(dim=1))

    def loss(self, step: Step) -> Tensor:
        """Return emotion loss plus information loss plus that of the pseudo-labels."""
        labelled, unlabelled = step.labelled.speech, step.unlabelled.speech
        if not (len(labelled) or len(unlabelled)):  # the twin without labels stays as it is
            return 0 * next(self.model.encoder.parameters()).sum()
        known, logits = together(self.model, labelled, unlabelled)
        emotion = cross_entropy(known, step.labelled.emotion, reduction="sum") / max(len(known), 1)
        if not len(unlabelled):
            return emotion
        pseudo = self._pseudo[step.unlabelled.index]
        step.report(pseudo)
        taught = cross_entropy(logits, pseudo)
        return emotion + information_loss(logits) + self.weight * taught


def information_loss(logits: Tensor) -> Tensor:
    """Return mean H(p) - H(mean p); -log(classes) where answers are certain and of all classes.

    Args:
        logits: shape (batch, classes).
    """
    mean = logits.float().softmax(dim=1).mean(dim=0).clamp(min=1e-8)
    return entropy(logits).mean() + (mean * mean.log()).sum()


def centroid_labels(z: Tensor, p: Tensor) -> Tensor:
    """Return the pseudo-label of each utterance, shape (utterances,); Eq. 5, 6.

    Args:
        z: embeddings, shape (utterances, dimension).
        p: class probabilities, shape (utterances, classes).
    """
    z = normalize(torch.cat([z, torch.ones_like(z[:, :1])], dim=1), dim=1)
    labels, weight = p.argmax(dim=1), p
    for _ in range(2):
        there = one_hot(labels, p.shape[1]).sum(dim=0) > 0
        cosines = z @ normalize(weight.T @ z, dim=1).T
        labels = torch.where(there, cosines, -2.0).argmax(dim=1)  # a cosine is -1 or more
        weight = one_hot(labels, p.shape[1]).to(p.dtype)
    return labels
