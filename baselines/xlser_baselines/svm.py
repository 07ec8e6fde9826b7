"""Support vector machine on frozen utterance embeddings."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC

from xlser.methods import Method, Predictor, Task
from xlser_baselines._classical import Array, Inputs, fit_best

_MOST = 10_000  # utterances whose kernel is held in memory: 800 MB


class SupportVectorMachine(Method):
    """SVM with a radial kernel, its penalty chosen on source validation speakers.

    The second classifier of SERAB (Scheidwasser-Clow et al. 2022, Section 3.2). Its
    "probabilities" are the softmax of one-against-rest decision values: right in their order, not
    calibrated. Labelled target utterances weigh as much as the source in sum.

    On German without target labels it falls far behind logistic regression: German train speakers
    lie far from all English speech (the median of an utterance's largest kernel value is 0.20, for
    English validation speakers 0.54), so the kernel says little about them and nearly all are
    taken for fear or sadness. A few target labels mend that.
    """

    name = "svm"
    family = "classical"
    target_labels = "few"
    citation = "Scheidwasser-Clow et al. (2022), SERAB, ICASSP"
    tracks = ("frozen",)
    standardisation = "labelled"
    inverse_penalties: tuple[float, ...] = (0.1, 1.0, 10.0)

    def fit(self, task: Task) -> Predictor:
        """Fit once for each penalty and keep the best on source validation.

        The kernel of the train utterances is computed once for all penalties.
        """
        if len(task.source) + len(task.target_labelled) > _MOST:
            return fit_best(
                task,
                [SVC(C=penalty) for penalty in self.inverse_penalties],
                self.standardisation,
            )
        classifiers = [SVC(C=c, kernel="precomputed") for c in self.inverse_penalties]
        return fit_best(task, classifiers, self.standardisation, _radial)


def _radial(train: Array) -> Inputs:
    """Return the radial kernel with train utterances, as wide as scikit-learn chooses it."""
    x = train.astype(np.float64)
    return _Radial(x, 1.0 / (x.shape[1] * x.var()))


@dataclass(frozen=True)
class _Radial:
    train: Array
    gamma: float

    def __call__(self, embeddings: Array) -> Array:
        """Return values, shape (utterances, train utterances), of shape (utterances, dim.)."""
        kernel: Array = rbf_kernel(embeddings.astype(np.float64), self.train, self.gamma)
        return kernel
