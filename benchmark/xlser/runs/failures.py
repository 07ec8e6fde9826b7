"""Failures of runs: what was raised, and a file beside the results until the run succeeds."""

import json
import shlex
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlser.errors import XlserError
from xlser.methods.origin import reference_of
from xlser.system.files import write_atomically

# An isolated method's process imports this module; planning is not needed there.
if TYPE_CHECKING:
    from xlser.runs.plan import Run


@dataclass(frozen=True)
class Failure:
    """How a run failed.

    Attributes:
        message: one line: the exception, and the method and package that raised it.
        trace: the traceback.
    """

    message: str
    trace: str

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """Return the failure of an exception that is being handled."""
        if isinstance(error, RemoteError):
            return error.failure
        words = str(error).rstrip(".") + "."
        message = " ".join([f"{type(error).__name__}: {words}", *getattr(error, "__notes__", ())])
        return cls(" ".join(message.split()), traceback.format_exc())


class RemoteError(XlserError):
    """A failure that the method's own process reported."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message, "Its traceback is below.")
        self.failure = failure


def failure_path(run: "Run", results: Path) -> Path:
    """Return the file of the run's failure, which is there while its last attempt failed."""
    return run.path(results.parent / "failures")


def about(
    run: "Run", failure: Failure, results: Path, given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the content of the failure's file, of a run that has just failed.

    Args:
        run: that failed.
        failure: how.
        results: folder of records.
        given: further options of `xlser.run` that shaped it.
    """
    return {
        "run": run.label,
        "message": failure.message,
        "trace": failure.trace,
        "again": again(run, results, given or {}),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "identity": run.identity,
    }


def write_failure(
    run: "Run", failure: Failure, results: Path, given: Mapping[str, Any] | None = None
) -> None:
    """Write how a run failed, and the command that repeats it alone; ignore write errors.

    Args:
        run: that failed.
        failure: its error.
        results: folder of records.
        given: further options of `xlser.run`, for the command.
    """
    text = json.dumps(about(run, failure, results, given), indent=1) + "\n"
    with suppress(OSError):  # the terminal shows it as well
        write_atomically(failure_path(run, results), text.encode())


def again(run: "Run", results: Path, given: Mapping[str, Any]) -> str:
    """Return the command that repeats one run; of a class of a notebook, the call in Python.

    Args:
        run: to repeat.
        results: folder of records.
        given: further options of `xlser.run`.
    """
    scenario, method = run.scenario, run.method
    settings = {name: method.settings()[name] for name in method.changed_settings()}
    options: dict[str, Any] = {
        "protocol": _protocol(scenario.protocol, results),
        "target": scenario.target,
        "seeds": scenario.seed,
        **({} if run.fold is None else {"folds": run.fold}),
        **({"labels": scenario.labels} if method.target_labels == "few" else {}),
        "track": run.track,
        "precision": run.precision,
        "backbone": run.backbone or run.identity["backbone"][0],
        # A repeat comes with those before it, which are recorded, or fail alike.
        **({"repeats": run.repeat + 1} if run.repeat else {}),
        **({"redraw_labels": True} if scenario.draw else {}),
        **given,
    }
    options |= {"settings": settings} if settings else {}
    options["leaderboards"] = str(results.parent.parent)
    reference = reference_of(type(method))
    if reference is None:
        stated = "".join(f", {name}={value!r}" for name, value in options.items())
        return f"xlser.run({type(method).__qualname__}{stated})"
    return shlex.join(["xlser", "run", reference, *_words(options)])


_SPELT = {"settings": "--set", "executor_options": "--with"}


def _words(options: Mapping[str, Any]) -> Iterator[str]:
    """Yield options as `xlser run` spells them."""
    for name, value in options.items():
        option = _SPELT.get(name, "--" + name.replace("_", "-"))
        if value is True:
            yield option
        elif value is False:
            yield f"--no-{option.removeprefix('--')}"
        elif isinstance(value, Mapping):
            for key, each in value.items():
                yield from (option, f"{key}={json.dumps(each)}")
        elif isinstance(value, list | tuple):
            for each in value:
                yield from (option, str(each))
        else:
            yield from (option, str(value))


def _protocol(name: str, results: Path) -> str:
    """Return a protocol as a command names it: one of the user's own by its manifest."""
    own = results.parent / "protocol.json"
    return str(own) if own.is_file() else name
