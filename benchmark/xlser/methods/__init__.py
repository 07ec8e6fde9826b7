"""The plugin contract: what a method is handed, what it returns."""

from xlser.methods.conformance import Check, Report, check_method
from xlser.methods.method import Method, Precision, Predictor, TargetLabels, Task, Track
from xlser.methods.registry import get_method, method_names
from xlser.methods.speech import ATTRIBUTES, Attribute, Labelled, Speech
from xlser.protocols import Schedule

__all__ = [
    "ATTRIBUTES",
    "Attribute",
    "Check",
    "Labelled",
    "Method",
    "Precision",
    "Predictor",
    "Report",
    "Schedule",
    "Speech",
    "TargetLabels",
    "Task",
    "Track",
    "check_method",
    "get_method",
    "method_names",
]
