"""Records of runs: their form, identity, files and validation. Reads without torch."""

from xlser.records.identity import identify, place
from xlser.records.record import (
    BackboneStamp,
    Environment,
    MethodStamp,
    Predictions,
    Record,
    Role,
    score_predictions,
)

__all__ = [
    "BackboneStamp",
    "Environment",
    "MethodStamp",
    "Predictions",
    "Record",
    "Role",
    "identify",
    "place",
    "score_predictions",
]
