from .conformance import Check, Report, check_method
from .method import Method
from .registry import get_method, method_names, outlined_methods
from .speech import Labelled, Speech
from .task import Predictor, Schedule, Task
from .vocabulary import ATTRIBUTES, Attribute, Precision, TargetLabels, Track

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
    "outlined_methods",
]
