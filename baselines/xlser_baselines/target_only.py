"""Target only: trained within the target corpus, as if no other language existed."""

from typing import ClassVar

from xlser.training import GradientMethod


class TargetOnly(GradientMethod):
    """Cross-entropy on the whole labelled target train set, from the pretrained backbone.

    The intra-corpus figure that Agarla et al. (2022, Section 6.4) quote for French and Italian.
    It sees every target train label, so it is shown apart and never ranked.
    """

    name = "target-only"
    family = "bounds"
    target_labels = "all"
    uses_source = False
    citation = "Agarla et al. (2022), Semi-supervised cross-lingual SER, Section 6.4"
    stages = ("target",)
    standardisation = "language"
    shares = {"target_labelled": 1.0}
    twin: ClassVar[bool] = False  # type: ignore[misc] # no setting: all its target speech is labelled
