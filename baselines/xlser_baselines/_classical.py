"""What scikit-learn's classifiers share: fitting on embeddings, choosing by validation."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from xlser.methods import Labelled, Predictor, Speech, Task
from xlser.training import floored


def fit_best(task: Task, classifiers: Sequence[Any]) -> Predictor:
    """Fit each classifier on source and labelled target; return the best on source validation.

    Embeddings are standardised. Labelled target utterances weigh as much as the source in sum.
    The figure is unweighted accuracy; of equals the first wins, and without validation speech the
    one in the middle.
    """
    train = [part for part in (task.source, task.target_labelled) if len(part)]
    x = np.concatenate([_embeddings(part.speech) for part in train])
    y = np.concatenate([part.emotion.cpu().numpy() for part in train])
    weight = np.concatenate([np.full(len(p), len(train[0]) / len(p)) for p in train])

    fitted: list[Pipeline] = []
    for done, classifier in enumerate(classifiers, start=1):
        pipeline = make_pipeline(_Standardise(), classifier)
        fitted.append(pipeline.fit(x, y, **{f"{pipeline.steps[-1][0]}__sample_weight": weight}))
        task.progress(done, len(classifiers))
    if not len(task.source_validation):
        return _Classical(fitted[len(fitted) // 2], len(task.classes))
    scores = [_validation_score(pipeline, task.source_validation) for pipeline in fitted]
    return _Classical(fitted[int(np.argmax(scores))], len(task.classes))


class _Standardise(StandardScaler):  # type: ignore[misc]
    """Scikit-learn's, with the floor under the scale that the networks' embeddings have."""

    scale_: npt.NDArray[np.float64]

    def fit(self, x: npt.NDArray[np.float32], y: Any = None, sample_weight: Any = None) -> Self:
        """Take mean and scale from `x`, shape (utterances, dimension)."""
        super().fit(x, y, sample_weight)
        self.scale_ = floored(torch.from_numpy(self.scale_)).numpy()
        return self


class _Classical:
    """A fitted pipeline as a predictor."""

    def __init__(self, pipeline: Pipeline, classes: int) -> None:
        self._pipeline = pipeline
        self._classes = classes

    def predict(self, speech: Speech) -> Tensor:
        """Return probabilities, or the softmax of decision values where there are none."""
        x = _embeddings(speech)
        if hasattr(self._pipeline, "predict_proba"):
            known = torch.from_numpy(self._pipeline.predict_proba(x)).double()
        else:
            decisions = self._pipeline.decision_function(x)
            if decisions.ndim == 1:  # two classes give one column
                decisions = np.stack([-decisions, decisions], axis=1)
            known = torch.from_numpy(decisions).double().softmax(dim=1)
        probabilities = torch.zeros(len(speech), self._classes, dtype=torch.float64)
        probabilities[:, self._pipeline.classes_] = known  # a class never seen keeps zero
        return probabilities.float()


def _embeddings(speech: Speech) -> npt.NDArray[np.float32]:
    return speech.features.cpu().numpy()


def _validation_score(pipeline: Pipeline, validation: Labelled) -> float:
    predicted = pipeline.predict(_embeddings(validation.speech))
    return float(balanced_accuracy_score(validation.emotion.cpu().numpy(), predicted))
