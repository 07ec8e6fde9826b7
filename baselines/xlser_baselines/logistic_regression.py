"""Logistic regression on frozen utterance embeddings."""

from sklearn.linear_model import LogisticRegression as SklearnLogisticRegression

from xlser.methods import Method, Predictor, Task
from xlser_baselines._classical import fit_best


class LogisticRegression(Method):
    """Multinomial logistic regression, its penalty chosen on source validation speakers.

    SERAB evaluates embeddings so (Scheidwasser-Clow et al. 2022, Section 3.2), but picks the
    classifier by test score; here no test speaker is looked at. Labelled target utterances weigh
    as much as the source in sum.
    """

    name = "logistic-regression"
    family = "classical"
    target_labels = "few"
    citation = "Scheidwasser-Clow et al. (2022), SERAB, ICASSP"
    tracks = ("frozen",)
    standardisation = "labelled"
    inverse_penalties: tuple[float, ...] = (0.0001, 0.001, 0.01, 0.1)

    def fit(self, task: Task) -> Predictor:
        """Fit once for each penalty and keep the best on source validation."""
        return fit_best(
            task,
            [_converging(penalty) for penalty in self.inverse_penalties],
            self.standardisation,
        )


def _converging(inverse_penalty: float) -> SklearnLogisticRegression:
    """Return a classifier that is fitted to the optimum, which is the same on every processor.

    With scikit-learn's defaults L-BFGS stops where float32 rounding decides, and source accuracy
    differed by half a point between processors.
    """
    return SklearnLogisticRegression(C=inverse_penalty, solver="newton-cg", tol=1e-6, max_iter=1000)
