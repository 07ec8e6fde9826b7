"""Lower bound: trained on the source language alone."""

from typing import ClassVar

from xlser.training import GradientMethod


class LowerBound(GradientMethod):
    """Cross-entropy on the source (Agarla et al. 2022, Section 6.1, Table 3).

    It goes through the first stage only, so it is the model all other methods start from.
    """

    name = "lower-bound"
    family = "bounds"
    target_labels = "none"
    citation = "Agarla et al. (2022), Semi-supervised cross-lingual SER, Section 6.1"
    stages = ("source",)
    uses_target = False
    twin: ClassVar[bool] = False  # type: ignore[misc] # no setting: it uses no target speech
