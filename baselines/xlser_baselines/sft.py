"""SFT-k: supervised fine-tuning on the source and the k labelled target utterances."""

from typing import ClassVar

from xlser.training import GradientMethod


class SupervisedFineTuning(GradientMethod):
    """Cross-entropy on source and labelled target, the latter oversampled to half of each batch.

    The yardstick of every semi-supervised method: it uses the same labels and nothing else of the
    target. What a method gains from unlabelled speech is seen against its own twin
    (`--set twin=true`), whose batches are the same; those of this method are not.
    """

    name = "sft"
    family = "supervised"
    target_labels = "few"
    least_labels = 1
    citation = "the supervised part of Agarla et al. (2022), Eq. 1, without pseudo-labels"
    shares = {"source": 0.5, "target_labelled": 0.5}
    twin: ClassVar[bool] = False  # type: ignore[misc] # no setting: it uses no unlabelled speech
