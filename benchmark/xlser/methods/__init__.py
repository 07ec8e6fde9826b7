"""The plugin contract: what a method is handed, what it returns."""

from xlser.methods.method import Method, Precision, Predictor, TargetLabels, Task, Track
from xlser.methods.registry import get_method, method_names
from xlser.methods.speech import Labelled, Speech
from xlser.protocols import Schedule

__all__ = [
    "Labelled",
    "Method",
    "Precision",
    "Predictor",
    "Schedule",
    "Speech",
    "TargetLabels",
    "Task",
    "Track",
    "get_method",
    "method_names",
]
