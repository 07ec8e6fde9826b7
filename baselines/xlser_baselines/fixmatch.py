"""FixMatch: confident answers to weak views teach strong views."""

from torch import Tensor

from xlser.training import Step, confident
from xlser_baselines._consistency import WeakTeachesStrong


class FixMatch(WeakTeachesStrong):
    """Consistency with a fixed threshold (Sohn et al. 2020, Eq. 3, 4).

    The loss on U is 1[max p_w >= tau] CE(argmax p_w, p_s) with tau 0.95 and weight 1. Adapted:
    views of speech for views of images, see `xlser.training.strong_view`; the source counts as
    labelled.
    """

    name = "fixmatch"
    family = "consistency"
    citation = "Sohn et al. (2020), FixMatch, NeurIPS"
    tau: float = 0.95

    def weigh(self, p: Tensor, step: Step) -> Tensor:
        """Keep what reaches tau."""
        return confident(p, self.tau)
