"""AdaBN: the source model with the target's statistics."""

from xlser.methods import Predictor, Task
from xlser.training import GradientMethod, ModelPredictor, take_statistics


class AdaBN(GradientMethod):
    """Adaptive batch normalisation (Li et al. 2017), on the target's unlabelled train speech.

    The model is the lower bound's, of which batch norm gets the target's means and deviations.
    On the frozen track there is no batch norm; the standardisation of the embeddings takes its
    place. Nothing is trained. English speech passes by the target's statistics as well: a predictor
    is not told the language.
    """

    name = "adabn"
    family = "alignment"
    target_labels = "none"
    citation = "Li et al. (2017), Revisiting batch normalization for domain adaptation, ICLR W"
    stages = ("source",)

    def predictor(self, task: Task) -> Predictor:
        """Return the source model with the target's statistics."""
        take_statistics(self.model, task)
        return ModelPredictor(self.model)
