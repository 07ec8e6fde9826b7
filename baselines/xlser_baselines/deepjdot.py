"""DeepJDOT: embeddings and answers transported together."""

from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.training import (
    HALF_TARGET,
    GradientMethod,
    Step,
    in_float32,
    together,
    transport_plan,
)


class DeepJDOT(GradientMethod):
    """Joint distribution optimal transport (Courty et al. 2017; Damodaran et al. 2018, Eq. 5).

    A source utterance i of a batch is moved to an unlabelled one j at the cost
    c_ij = 0.01 |z_i - z_j|^2 + CE(y_i, p_j). L = CE(S, K) + sum_ij plan_ij c_ij, the plan being the
    optimal one for the batch, without gradient. The weights are the defaults of the authors' code.
    Adapted: the plan is Sinkhorn's (Cuturi 2013), with a blur of 0.05 mean costs, where theirs is
    exact: that would have every step wait for the device.
    """

    name = "deepjdot"
    family = "alignment"
    target_labels = "few"
    citation = "Damodaran et al. (2018), DeepJDOT, ECCV; Courty et al. (2017), JDOT, NeurIPS"
    shares = HALF_TARGET
    alpha: float = 0.01
    answers: float = 1.0
    blur: float = 0.05
    rounds: int = 50

    def loss(self, step: Step) -> Tensor:
        """Return emotion loss plus the cost of the transport."""
        parts = (step.labelled.speech, step.unlabelled.speech)
        labelled, unlabelled = together(self.model.embed, *parts)
        emotion = cross_entropy(self.model.head(labelled), step.labelled.emotion)
        sources = step.labelled.sources
        if not (sources and len(unlabelled)):
            return emotion
        cost = joint_cost(
            labelled[:sources],
            unlabelled,
            step.labelled.emotion[:sources],
            self.model.head(unlabelled),
            self.alpha,
            self.answers,
        )
        return emotion + (transport_plan(cost.detach(), self.blur, self.rounds) * cost).sum()


def joint_cost(
    source: Tensor, target: Tensor, emotion: Tensor, logits: Tensor, alpha: float, answers: float
) -> Tensor:
    """Return alpha |z_i - z_j|^2 + answers x CE(y_i, p_j), shape (source, target).

    Args:
        source: embeddings, shape (source, dimension).
        target: embeddings, shape (target, dimension).
        emotion: of the source utterances, shape (source,).
        logits: of the target utterances, shape (target, classes).
        alpha: weight of the distance.
        answers: weight of the cross-entropy.
    """
    log_p = logits.float().log_softmax(dim=1)
    return alpha * squared_distances(source, target) - answers * log_p.T[emotion]


@in_float32
def squared_distances(one: Tensor, other: Tensor) -> Tensor:
    """Return |z_i - z_j|^2, shape (one, other), of embeddings, shape (..., dimension)."""
    squares = one.square().sum(dim=1)[:, None] + other.square().sum(dim=1)
    return (squares - 2 * one @ other.T).clamp(min=0)
