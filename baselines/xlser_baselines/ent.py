"""ENT: answers to unlabelled speech that are certain."""

from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.training import HALF_TARGET, GradientMethod, Step, entropy, together


class EntropyMinimisation(GradientMethod):
    """Entropy minimisation (Grandvalet & Bengio 2005, Eq. 7).

    L = CE(S, K) + 0.1 mean H(p_u), the weight being that of the ENT baseline of Saito et al.
    (2019). Adapted: the classifier is the linear layer of stage "source", where theirs reads
    normalised features.
    """

    name = "ent"
    family = "entropy"
    target_labels = "few"
    citation = "Grandvalet & Bengio (2005), Semi-supervised learning by entropy minimization, NIPS"
    shares = HALF_TARGET
    weight: float = 0.1

    def loss(self, step: Step) -> Tensor:
        """Return emotion loss plus weighted entropy."""
        parts = (step.labelled.speech, step.unlabelled.speech)
        labelled, unlabelled = together(self.model, *parts)
        emotion = cross_entropy(labelled, step.labelled.emotion)
        if not len(unlabelled):
            return emotion
        return emotion + self.weight * entropy(unlabelled).mean()
