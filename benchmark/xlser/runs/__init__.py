"""From a request to records: plan, execute, record."""

from xlser.runs.data import SpeechData, Watch, gather
from xlser.runs.environment import choose_device, choose_precision, describe, has_bfloat16
from xlser.runs.execute import Events, Outcome, execute, execute_run
from xlser.runs.plan import Plan, Request, Run, make_plan
from xlser.runs.record import MethodStamp, Predictions, Record, Role, score_predictions

__all__ = [
    "Events",
    "MethodStamp",
    "Outcome",
    "Plan",
    "Predictions",
    "Record",
    "Request",
    "Role",
    "Run",
    "SpeechData",
    "Watch",
    "choose_device",
    "choose_precision",
    "describe",
    "execute",
    "execute_run",
    "gather",
    "has_bfloat16",
    "make_plan",
    "score_predictions",
]
