"""Checking a method against the contract, and the report of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from xlser.conformance.checks import answers_every_utterance_with_probabilities, further_checks
from xlser.conformance.process_state import generators_restored, process_restored
from xlser.conformance.trial import Trial
from xlser.errors import MethodError
from xlser.methods.declaration import DECLARATIONS
from xlser.methods.method import Method
from xlser.methods.vocabulary import Track


@dataclass(frozen=True)
class Check:
    """One check and how it went.

    Attributes:
        name: what the method does if it passes.
        track: on which it ran; None if it concerns the declarations alone.
        fault: why it failed and what to do; None if it passed.
    """

    name: str
    track: Track | None
    fault: str | None

    def __str__(self) -> str:
        """Return the check and its outcome in one line."""
        where = f" ({self.track})" if self.track else ""
        return f"{self.name}{where}: {self.fault or 'passed'}"


@dataclass(frozen=True)
class Report:
    """The outcome of all checks of a method.

    Attributes:
        method: its name.
        checks: in the order in which they ran.
    """

    method: str
    checks: tuple[Check, ...]

    @property
    def faults(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.fault)

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not self.faults

    def __str__(self) -> str:
        """List the faults, one a line."""
        verdict = f"{self.method}: {len(self.faults)} of {len(self.checks)} checks failed"
        return "\n".join([verdict, *map(str, self.faults)])


def check_method(method: type[Method]) -> Report:
    """Check a method on every track it states; a few seconds.

    The checks end early where the others could not run: without sound declarations no task can be
    made, and a method that fails on the usual task fails on all others.
    """
    checks = [_run(check, method) for check in DECLARATIONS]
    if not any(check.fault for check in checks):
        with generators_restored(), process_restored():
            torch.set_num_threads(2)  # so that a method that sets it to one is noticed
            for track in method.tracks:
                checks += _on_track(method, track)
    return Report(str(getattr(method, "name", method.__qualname__)), tuple(checks))


def _on_track(method: type[Method], track: Track) -> list[Check]:
    trial = Trial(method, track)
    first = _run(answers_every_utterance_with_probabilities, trial, track)
    if first.fault:
        return [first]
    return [first, *(_run(check, trial, track) for check in further_checks(method, track))]


def _run(check: Callable[[Any], None], subject: object, track: Track | None = None) -> Check:
    name = check.__name__.replace("_", " ")
    try:
        check(subject)
    except MethodError as fault:
        return Check(name, track, f"{fault.problem} {fault.remedy}")
    return Check(name, track, None)
