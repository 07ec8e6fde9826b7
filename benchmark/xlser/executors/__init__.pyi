from .driver import Events, Outcome, execute
from .executor import MOMENT, Began, Crew, Ended, Epoch, Executor, JobEvent, Lost
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
    "JobEvent",
    "Local",
    "Lost",
    "Outcome",
    "execute",
    "executor_names",
    "get_executor",
]
