"""Records of runs: their form, identity, files and validation. Reads without torch."""

from typing import TYPE_CHECKING, Any

from xlser.records.identity import identify, place
from xlser.records.prediction import Predictions, Role, score_predictions
from xlser.records.record import BackboneStamp, Environment, EpochCurve, MethodStamp, Record

if TYPE_CHECKING:
    from xlser.records.runs_table import predictions

__all__ = [
    "BackboneStamp",
    "Environment",
    "EpochCurve",
    "MethodStamp",
    "Predictions",
    "Record",
    "Role",
    "identify",
    "place",
    "predictions",
    "score_predictions",
]


def __getattr__(name: str) -> Any:
    """Import what needs pandas only where it is asked for."""
    if name != "predictions":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from xlser.records.runs_table import predictions

    return predictions
