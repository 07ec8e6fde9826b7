"""What the suite states of a run's unlabelled speech, whose true classes its method never saw."""

from xlser.records.unlabelled.calibration import Calibration
from xlser.records.unlabelled.pseudo_labels import PseudoLabelling
from xlser.records.unlabelled.statement import UnlabelledSpeech

__all__ = ["Calibration", "PseudoLabelling", "UnlabelledSpeech"]
