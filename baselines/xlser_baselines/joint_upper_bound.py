"""Upper bound in one stage: trained on source and labelled target from the start."""

from xlser_baselines.upper_bound import UpperBound


class JointUpperBound(UpperBound):
    """Cross-entropy on source and target together, from the pretrained backbone.

    Agarla et al. (2022, Table 4) train on "all the data of both" and do not state whether a model
    of the source comes first, as it does in `upper-bound`. This is the other reading: one stage,
    hence half as many batches. It sees every target train label, so it is shown apart and never
    ranked.
    """

    name = "joint-upper-bound"
    stages = ("target",)
