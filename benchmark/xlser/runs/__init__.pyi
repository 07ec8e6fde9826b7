from .calling import Failure
from .data import SpeechData, Watch, gather
from .environment import choose_device, choose_precision, describe, has_bfloat16
from .jobs import Job, Shared
from .one_run import execute_run
from .plan import Plan, Request, Run, make_plan

__all__ = [
    "Failure",
    "Job",
    "Plan",
    "Request",
    "Run",
    "Shared",
    "SpeechData",
    "Watch",
    "choose_device",
    "choose_precision",
    "describe",
    "execute_run",
    "gather",
    "has_bfloat16",
    "make_plan",
]
