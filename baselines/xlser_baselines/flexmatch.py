"""FlexMatch: FixMatch with a threshold for each class."""

from torch import Tensor

from xlser.methods import Task
from xlser.training import CurriculumThreshold, Step
from xlser_baselines._consistency import WeakTeachesStrong


class FlexMatch(WeakTeachesStrong):
    """Curriculum pseudo-labelling (Zhang et al. 2021, Section 3).

    As FixMatch, but the threshold of class c is tau b_c / (2 - b_c), b_c being how much of the
    class has been learnt: the count of its confident answers over the largest count.
    """

    name = "flexmatch"
    family = "consistency"
    citation = "Zhang et al. (2021), FlexMatch, NeurIPS"
    tau: float = 0.95

    def setup(self, task: Task) -> None:
        """Count over all unlabelled utterances."""
        classes = len(task.classes)
        utterances = len(task.target_unlabelled)
        self._threshold = CurriculumThreshold(utterances, classes, self.tau, task.device)

    def weigh(self, p: Tensor, step: Step) -> Tensor:
        """Keep what reaches the threshold of its class."""
        return self._threshold(p, step.unlabelled.index)
