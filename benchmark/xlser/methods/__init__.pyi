from .method import Method
from .registry import MethodLike, get_method, method_names, outlined_methods, resolve_method
from .speech import Labelled, PseudoLabels, Speech
from .standardisation import Statistics, floored
from .task import EpochScores, Predictor, Schedule, Standardised, Task
from .vocabulary import ATTRIBUTES, Attribute, Precision, Standardisation, TargetLabels, Track

__all__ = [
    "ATTRIBUTES",
    "Attribute",
    "EpochScores",
    "Labelled",
    "Method",
    "MethodLike",
    "Precision",
    "Predictor",
    "PseudoLabels",
    "Schedule",
    "Speech",
    "Standardisation",
    "Standardised",
    "Statistics",
    "TargetLabels",
    "Task",
    "Track",
    "floored",
    "get_method",
    "method_names",
    "outlined_methods",
    "resolve_method",
]
