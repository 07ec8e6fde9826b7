"""Label propagation: labels that spread over a graph of neighbours."""

import numpy as np
import torch
from sklearn.semi_supervised import LabelSpreading
from torch import Tensor

from xlser.methods import Predictor, PseudoLabels, Speech, Task
from xlser.training import Twinned
from xlser_baselines._embeddings import embeddings, known


class LabelPropagation(Twinned):
    """Learning with local and global consistency (Zhou et al. 2004) by scikit-learn.

    Each train utterance, of either language, is joined to its nearest ones; labels spread along
    the graph, a fifth of an utterance's label coming from its neighbours in each round. Speech to
    be recognised gets the mean label of its neighbours among train speech (Delalleau et al. 2005).
    Embeddings are standardised, each language by itself.
    """

    name = "label-propagation"
    family = "classical"
    target_labels = "few"
    citation = "Zhou et al. (2004), Learning with local and global consistency, NIPS"
    tracks = ("frozen",)
    standardisation = "language"
    neighbours: int = 10
    alpha: float = 0.2

    def fit(self, task: Task) -> Predictor:
        """Build the graph and let the labels spread."""
        standard = task.standardised(self.standardisation)
        visible = self.visible(standard.task)
        labelled, unlabelled = known(visible), embeddings(visible.target_unlabelled)
        x = np.concatenate([labelled.source, labelled.target, unlabelled])
        unknown = np.full(len(unlabelled), -1)
        y = np.concatenate([labelled.source_emotion, labelled.target_emotion, unknown])
        graph = LabelSpreading(
            kernel="knn",
            n_neighbors=min(self.neighbours, len(x)),
            alpha=self.alpha,
            max_iter=1000,
        )
        graph.fit(x, y)
        answers = torch.from_numpy(graph.transduction_[len(x) - len(unlabelled) :]).long()
        where = torch.arange(len(answers))
        task.report(PseudoLabels(where, answers, torch.ones(len(answers)), 1.0))
        task.progress(1, 1)
        return standard.predictor(_Spread(graph, len(task.classes)))


class _Spread:
    """A graph as a predictor."""

    def __init__(self, graph: LabelSpreading, classes: int) -> None:
        self._graph = graph
        self._classes = classes

    def predict(self, speech: Speech) -> Tensor:
        """Return class probabilities, shape (utterances, classes)."""
        p = np.full((len(speech), self._classes), 1e-6)
        if len(speech):
            with np.errstate(invalid="ignore"):  # 0 / 0 where no label has reached a neighbour
                answers = self._graph.predict_proba(embeddings(speech))
            p[:, self._graph.classes_] += np.nan_to_num(answers)
        return torch.from_numpy(p / p.sum(axis=1, keepdims=True)).float()
