"""Rules that divide corpora into splits and choose the utterances to be labelled."""

from xlser.protocols.rules.fixed import fixed_split
from xlser.protocols.rules.kfold import kfold_speakers
from xlser.protocols.rules.labelling import drawn_anew, labelling_order
from xlser.protocols.rules.rotating import rotating_splits

__all__ = ["drawn_anew", "fixed_split", "kfold_speakers", "labelling_order", "rotating_splits"]
