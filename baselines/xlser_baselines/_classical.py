"""What scikit-learn's classifiers share: fitting on embeddings, choosing by validation."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import balanced_accuracy_score
from torch import Tensor

from xlser.methods import Labelled, Predictor, Speech, Standardisation, Task


def fit_best(
    task: Task, classifiers: Sequence[Any], standardisation: Standardisation | None
) -> Predictor:
    """Fit each classifier on source and labelled target; return the best on source validation.

    Embeddings are standardised as stated. Labelled target utterances weigh as much as the source in
    sum. The figure is unweighted accuracy; of equals the first wins, and without validation speech
    the one in the middle.
    """
    standard = task.standardised(standardisation)
    task = standard.task
    train = [part for part in (task.source, task.target_labelled) if len(part)]
    x = np.concatenate([_embeddings(part.speech) for part in train])
    y = np.concatenate([part.emotion.cpu().numpy() for part in train])
    weight = np.concatenate([np.full(len(p), len(train[0]) / len(p)) for p in train])

    fitted: list[_Classical] = []
    for done, classifier in enumerate(classifiers, start=1):
        classifier.fit(x, y, sample_weight=weight)
        fitted.append(_Classical(classifier, len(task.classes)))
        task.progress(done, len(classifiers))
    if not len(task.source_validation):
        return standard.predictor(fitted[len(fitted) // 2])
    scores = [predictor.score(task.source_validation) for predictor in fitted]
    return standard.predictor(fitted[int(np.argmax(scores))])


class _Classical:
    """A classifier over standardised embeddings as a predictor."""

    def __init__(self, classifier: Any, classes: int) -> None:
        self._classifier = classifier
        self._classes = classes

    def predict(self, speech: Speech) -> Tensor:
        """Return probabilities, or the softmax of decision values where there are none."""
        x = _embeddings(speech)
        if hasattr(self._classifier, "predict_proba"):
            known = torch.from_numpy(self._classifier.predict_proba(x)).double()
        else:
            decisions = self._classifier.decision_function(x)
            if decisions.ndim == 1:  # two classes give one column
                decisions = np.stack([-decisions, decisions], axis=1)
            known = torch.from_numpy(decisions).double().softmax(dim=1)
        probabilities = torch.zeros(len(speech), self._classes, dtype=torch.float64)
        probabilities[:, self._classifier.classes_] = known  # a class never seen keeps zero
        return probabilities.float()

    def score(self, validation: Labelled) -> float:
        """Return unweighted accuracy."""
        predicted = self._classifier.predict(_embeddings(validation.speech))
        return float(balanced_accuracy_score(validation.emotion.cpu().numpy(), predicted))


def _embeddings(speech: Speech) -> npt.NDArray[np.float32]:
    return speech.features.cpu().numpy()
