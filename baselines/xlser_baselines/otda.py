"""OTDA: source embeddings transported onto the target's."""

from dataclasses import replace

import numpy as np
import torch

from xlser.methods import Predictor, Task
from xlser.training import Twinned, transport_plan
from xlser_baselines._embeddings import Array, LinearPredictor, embeddings, known
from xlser_baselines.aligned_linear import Known, regression


class OTDA(Twinned):
    """Optimal transport for domain adaptation (Courty et al. 2017, Section 4).

    Each source utterance is moved to the mean of the target's train utterances that the entropic
    transport plan sends it to (Eq. 13), hardly ever to a labelled one of another emotion
    (Section 4.3). A logistic regression is fitted to what was moved and to the labelled target,
    which weigh the same in sum. Embeddings are standardised, each language by itself. The plan is
    Sinkhorn's (Cuturi 2013), without the paper's class regularisation; its blur was chosen without
    a label, so that an English utterance goes to some nine of 300 German ones (the exponential of
    its row's entropy; audiontt-512).
    """

    name = "otda"
    family = "alignment"
    target_labels = "few"
    citation = "Courty et al. (2017), Optimal transport for domain adaptation, IEEE TPAMI"
    tracks = ("frozen",)
    standardisation = "language"
    blur: float = 0.02
    rounds: int = 100
    penalty: float = 0.1

    def fit(self, task: Task) -> Predictor:
        """Transport the source and fit to it."""
        standard = task.standardised(self.standardisation)
        visible = self.visible(standard.task)
        labelled = known(visible)
        target = np.concatenate([labelled.target, embeddings(visible.target_unlabelled)])
        if len(target):
            moved = transported(labelled, target, self.blur, self.rounds)
            labelled = replace(labelled, source=moved)
        linear = regression(labelled, self.penalty)
        task.progress(1, 1)
        return standard.predictor(LinearPredictor(linear, np.ones(len(task.classes))))


def transported(labelled: Known, target: Array, blur: float, rounds: int) -> Array:
    """Return source embeddings moved onto the target, shape (source, dimension).

    Args:
        labelled: the labelled speech.
        target: all target embeddings, the labelled ones first, shape (target, dimension).
        blur: of `xlser.training.transport_plan`.
        rounds: of it.
    """
    source, onto = torch.from_numpy(labelled.source), torch.from_numpy(target)
    cost = torch.cdist(source, onto).square()
    usual = cost.mean()
    other = labelled.source_emotion[:, None] != labelled.target_emotion
    cost[:, : len(labelled.target)] += 10 * cost.max() * torch.from_numpy(other)
    # The blur is in mean costs, and these are not to count.
    plan = transport_plan(cost, float(blur * usual / cost.mean().clamp(min=1e-12)), rounds)
    moved: Array = (plan @ onto / plan.sum(dim=1, keepdim=True)).numpy()
    return moved
