"""Hard pseudo-labels: the paper's method."""

from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.training import GradientMethod, Step, confident, together


class HardPseudoLabels(GradientMethod):
    """Cross-entropy on labelled speech and on the model's own confident answers.

    Agarla et al. (2022), Section 4.2.1: the pseudo-label of an unlabelled utterance is the most
    probable class, kept where its probability reaches tau (Eq. 2), and counts in the
    cross-entropy as a label does (Eq. 1). Pseudo-labels come anew at each step, from the same
    forward pass, without gradient; tau is 0.50, and 0.65 and 0.85 in Table 5. Batches are drawn
    from the union of all data.

    Without target labels it may end at chance (German, frozen track, v1): the source model is sure
    of nearly every answer (median max p above 0.99 on unlabelled train speech), so tau drops almost
    none, and what it says too often it then learns to say more often. Watched on the unlabelled
    train speech, one class after the other dies out until all of it is taken for a single one.
    """

    name = "hard-pseudo-labels"
    family = "pseudo-labels"
    target_labels = "few"
    citation = "Agarla et al. (2022), Semi-supervised cross-lingual SER, Section 4.2.1"
    tau: float = 0.5

    def loss(self, step: Step) -> Tensor:
        """Return the mean cross-entropy over labelled and kept utterances."""
        labelled, unlabelled = together(self.model, step.labelled.speech, step.unlabelled.speech)
        p = unlabelled.detach().float().softmax(dim=1)
        kept = confident(p, self.tau)
        real = cross_entropy(labelled, step.labelled.emotion, reduction="sum")
        answers = p.argmax(dim=1)
        step.report(answers, kept)
        pseudo = (kept * cross_entropy(unlabelled, answers, reduction="none")).sum()
        return (real + pseudo) / (len(labelled) + kept.sum())
