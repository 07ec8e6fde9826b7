from .method import Method
from .registry import MethodLike, get_method, method_names, outlined_methods, resolve_method
from .speech import Labelled, Speech
from .task import Predictor, Schedule, Task
from .vocabulary import ATTRIBUTES, Attribute, Precision, TargetLabels, Track

__all__ = [
    "ATTRIBUTES",
    "Attribute",
    "Labelled",
    "Method",
    "MethodLike",
    "Precision",
    "Predictor",
    "Schedule",
    "Speech",
    "TargetLabels",
    "Task",
    "Track",
    "get_method",
    "method_names",
    "outlined_methods",
    "resolve_method",
]
