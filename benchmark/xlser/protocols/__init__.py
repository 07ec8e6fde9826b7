"""Frozen protocols: splits, label budgets, scenarios, figures of merit."""

from xlser.protocols.metrics import (
    Counts,
    Scores,
    accuracy,
    confusion,
    majority_rate,
    score,
    score_confusion,
    unweighted_accuracy,
)
from xlser.protocols.protocol import Catalogue, Labels, Protocol, Scenario, Schedule, Split
from xlser.protocols.registry import get_protocol, protocol_names

__all__ = [
    "Catalogue",
    "Counts",
    "Labels",
    "Protocol",
    "Scenario",
    "Schedule",
    "Scores",
    "Split",
    "accuracy",
    "confusion",
    "get_protocol",
    "majority_rate",
    "protocol_names",
    "score",
    "score_confusion",
    "unweighted_accuracy",
]
