"""Metrics of recognition; others register themselves in the entry-point group `xlser.metrics`."""

from xlser.metrics.counts import Counts, Scores, confusion, majority_rate, score, score_confusion
from xlser.metrics.metric import ConfusionMetric, Metric
from xlser.metrics.registry import get_metric, metric_names, metrics_for

__all__ = [
    "ConfusionMetric",
    "Counts",
    "Metric",
    "Scores",
    "confusion",
    "get_metric",
    "majority_rate",
    "metric_names",
    "metrics_for",
    "score",
    "score_confusion",
]
