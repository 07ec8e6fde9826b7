from .calling import Failure
from .data import SpeechData, Watch, gather
from .environment import choose_device, choose_precision, describe, has_bfloat16
from .execute import Events, Outcome, execute
from .executors import Executor, Local, get_executor
from .jobs import Job, Shared
from .one_run import execute_run
from .plan import Plan, Request, Run, make_plan
from .record import MethodStamp, Predictions, Record, Role, score_predictions

__all__ = [
    "Events",
    "Executor",
    "Failure",
    "Job",
    "Local",
    "MethodStamp",
    "Outcome",
    "Plan",
    "Predictions",
    "Record",
    "Request",
    "Role",
    "Run",
    "Shared",
    "SpeechData",
    "Watch",
    "choose_device",
    "choose_precision",
    "describe",
    "execute",
    "execute_run",
    "gather",
    "get_executor",
    "has_bfloat16",
    "make_plan",
    "score_predictions",
]
