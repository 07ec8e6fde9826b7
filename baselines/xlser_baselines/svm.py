"""Support vector machine on frozen utterance embeddings."""

from sklearn.svm import SVC

from xlser.methods import Method, Predictor, Task
from xlser_baselines._classical import fit_best


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
    target_labels = "few"
    citation = "Scheidwasser-Clow et al. (2022), SERAB, ICASSP"
    tracks = ("frozen",)
    standardisation = "labelled"
    inverse_penalties: tuple[float, ...] = (0.1, 1.0, 10.0)

    def fit(self, task: Task) -> Predictor:
        """Fit once for each penalty and keep the best on source validation."""
        return fit_best(
            task, [SVC(C=penalty) for penalty in self.inverse_penalties], self.standardisation
        )
