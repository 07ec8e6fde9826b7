"""What scikit-learn's classifiers share: fitting on embeddings, choosing by validation."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import balanced_accuracy_score
from torch import Tensor

from xlser.methods import Predictor, Speech, Standardisation, Task

Array = npt.NDArray[Any]
Inputs = Callable[[Array], Array]
"""From standardised embeddings, shape (utterances, dimensions), to what classifiers take."""


def fit_best(
    task: Task,
    classifiers: Sequence[Any],
    standardisation: Standardisation | None,
    inputs_of: Callable[[Array], Inputs] | None = None,
) -> Predictor:
    """Fit each classifier on source and labelled target; return the best on source validation.

    Labelled target utterances weigh as much as the source in sum. The figure is unweighted
    accuracy; of equals the first wins, and without validation speech the one in the middle.

    Args:
        task: what a method is handed.
        classifiers: of scikit-learn, not fitted.
        standardisation: of the embeddings.
        inputs_of: given the standardised train embeddings, returns what makes the classifiers'
            inputs of embeddings, such as a kernel; default: they take embeddings.
    """
    standard = task.standardised(standardisation)
    task = standard.task
    train = [part for part in (task.source, task.target_labelled) if len(part)]
    x = np.concatenate([_embeddings(part.speech) for part in train])
    y = np.concatenate([part.emotion.cpu().numpy() for part in train])
    weight = np.concatenate([np.full(len(p), len(train[0]) / len(p)) for p in train])
    inputs: Inputs = inputs_of(x) if inputs_of else _AsTheyAre()

    train_inputs = inputs(x)
    for done, classifier in enumerate(classifiers, start=1):
        classifier.fit(train_inputs, y, sample_weight=weight)
        task.progress(done, len(classifiers))
    best = classifiers[len(classifiers) // 2]
    if len(task.source_validation):
        validation = inputs(_embeddings(task.source_validation.speech))
        emotion = task.source_validation.emotion.cpu().numpy()
        scores = [balanced_accuracy_score(emotion, c.predict(validation)) for c in classifiers]
        best = classifiers[int(np.argmax(scores))]
    return standard.predictor(_Classical(inputs, best, len(task.classes)))


class _AsTheyAre:
    def __call__(self, embeddings: Array) -> Array:
        return embeddings


class _Classical:
    """A classifier over standardised embeddings as a predictor."""

    def __init__(self, inputs: Inputs, classifier: Any, classes: int) -> None:
        self._inputs = inputs
        self._classifier = classifier
        self._classes = classes

    def predict(self, speech: Speech) -> Tensor:
        """Return probabilities, or the softmax of decision values where there are none."""
        x = self._inputs(_embeddings(speech))
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


def _embeddings(speech: Speech) -> npt.NDArray[np.float32]:
    return speech.features.cpu().numpy()
