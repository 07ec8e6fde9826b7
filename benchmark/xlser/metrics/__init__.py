"""Metrics of recognition."""

from xlser.metrics.counts import (
    Counts,
    Scores,
    accuracy,
    confusion,
    majority_rate,
    score,
    score_confusion,
    unweighted_accuracy,
)

__all__ = [
    "Counts",
    "Scores",
    "accuracy",
    "confusion",
    "majority_rate",
    "score",
    "score_confusion",
    "unweighted_accuracy",
]
