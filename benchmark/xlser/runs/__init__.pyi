from .environment import choose_device, choose_precision, describe, has_bfloat16
from .execution import execute_run
from .failures import Failure
from .inputs import Catalogue, Inputs, PortableInputs, Watch, gather
from .jobs import Job, JobContext
from .plan import Plan, Request, Run, make_plan

__all__ = [
    "Catalogue",
    "Failure",
    "Inputs",
    "Job",
    "JobContext",
    "Plan",
    "PortableInputs",
    "Request",
    "Run",
    "Watch",
    "choose_device",
    "choose_precision",
    "describe",
    "execute_run",
    "gather",
    "has_bfloat16",
    "make_plan",
]
