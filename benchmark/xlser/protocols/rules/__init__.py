"""Rules that divide published corpora into splits and choose the utterances to be labelled."""

from xlser.protocols.rules.labelling import labelling_order
from xlser.protocols.rules.rotating import rotating_splits

__all__ = ["labelling_order", "rotating_splits"]
