"""Upper bound: trained on the source and on the whole labelled target train set."""

from typing import ClassVar

from xlser.training import GradientMethod


class UpperBound(GradientMethod):
    """Cross-entropy on source and target together (Agarla et al. 2022, Section 6.2, Table 4).

    It sees every target train label, so it is shown apart and never ranked.
    """

    name = "upper-bound"
    family = "bounds"
    target_labels = "all"
    citation = "Agarla et al. (2022), Semi-supervised cross-lingual SER, Section 6.2"
    twin: ClassVar[bool] = False  # type: ignore[misc] # no setting: all its target speech is labelled
