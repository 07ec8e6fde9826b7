from .choice import executor_names, get_executor
from .executor import MOMENT, Began, Crew, Ended, Epoch, Executor, Lost, Word
from .local import Local

__all__ = [
    "MOMENT",
    "Began",
    "Crew",
    "Ended",
    "Epoch",
    "Executor",
    "Local",
    "Lost",
    "Word",
    "executor_names",
    "get_executor",
]
