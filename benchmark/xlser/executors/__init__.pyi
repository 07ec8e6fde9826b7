from .driver import Events, Outcome, execute
from .executor import MOMENT, Began, Crew, Ended, Epoch, Executor, Lost, Word
from .local import Local
from .registry import executor_names, get_executor

__all__ = [
    "MOMENT",
    "Began",
    "Crew",
    "Ended",
    "Epoch",
    "Events",
    "Executor",
    "Local",
    "Lost",
    "Outcome",
    "Word",
    "execute",
    "executor_names",
    "get_executor",
]
