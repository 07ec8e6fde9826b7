"""What a record states of unlabelled speech."""

from xlser.records.prediction import Frozen
from xlser.records.unlabelled.calibration import Calibration
from xlser.records.unlabelled.pseudo_labels import PseudoLabelling


class UnlabelledSpeech(Frozen):
    """How unlabelled target speech was used, held against true classes that no method sees."""

    utterances: int
    """Unlabelled train utterances of the target."""
    pseudo_labels: PseudoLabelling | None = None
    """Those the method reported, if it did."""
    source_model: Calibration | None = None
    """The shared source model on the unlabelled utterances, if the method starts from it."""
    source_model_validation: Calibration | None = None
    """The same on the validation speech of the source, if there is any."""
