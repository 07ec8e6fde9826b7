"""AL: emotion, gender and naturalness from shared features."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from xlser.methods import ATTRIBUTES, Task
from xlser.training import HALF_TARGET, GradientMethod, Step, together


class AggregatedMultitask(GradientMethod):
    """Aggregated multi-task learning (Kim et al. 2017).

    L = CE_emotion(S, K) + w (CE_gender + CE_naturalness), w 0.3, the latter two on all speech.
    It is told the gender of every train utterance, the unlabelled target's too, as the corpora
    give it away in their names. Naturalness (acted or semi-natural) is the same for all corpora but
    ShEMO, so with any other target its term tells nothing and soon vanishes. Adapted: shared
    features are our backbone's embedding, each task a linear layer on it.

    Reconstructed from its abstract and from what Agarla et al. (2022) say of it: the full text and
    the authors' code were not at hand. Settings that these do not state are ours.
    """

    name = "aggregated-multitask"
    family = "auxiliary tasks"
    target_labels = "few"
    attributes = ("gender", "naturalness")
    citation = (
        'Kim et al. (2017), Towards speech emotion recognition "in the wild" using aggregated '
        "corpora and deep multi-task learning, Interspeech"
    )
    reconstructed = True
    shares = HALF_TARGET
    weight: float = 0.3

    def setup(self, task: Task) -> None:
        """Make a head for each further task."""
        heads = [nn.Linear(self.model.dimension, len(values)) for values in ATTRIBUTES.values()]
        self.heads = nn.ModuleList(heads).to(task.device)

    def loss(self, step: Step) -> Tensor:
        """Return emotion loss plus weighted losses of the other tasks."""
        parts = (step.labelled.speech, step.unlabelled.speech)
        labelled, unlabelled = together(self.model.embed, *parts)
        z = torch.cat([labelled, unlabelled])
        emotion = cross_entropy(self.model.head(labelled), step.labelled.emotion)
        for name, head in zip(ATTRIBUTES, self.heads, strict=True):
            told = torch.cat([step.labelled.attributes[name], step.unlabelled.attributes[name]])
            emotion = emotion + self.weight * cross_entropy(head(z), told)
        return emotion
