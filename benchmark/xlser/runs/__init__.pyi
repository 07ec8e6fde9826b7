from .calling import Failure
from .data import SpeechData, Watch, gather
from .environment import choose_device, choose_jobs, choose_precision, describe, has_bfloat16
from .execute import Events, Outcome, Shared, execute, execute_run
from .plan import Plan, Request, Run, make_plan
from .record import MethodStamp, Predictions, Record, Role, score_predictions

__all__ = [
    "Events",
    "Failure",
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
    "choose_jobs",
    "choose_precision",
    "describe",
    "execute",
    "execute_run",
    "gather",
    "has_bfloat16",
    "make_plan",
    "score_predictions",
]
