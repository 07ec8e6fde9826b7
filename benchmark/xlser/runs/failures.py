"""Failed runs, written down beside the results until they succeed."""

import json
import shlex
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xlser.files import write_atomically
from xlser.runs.calling import Failure
from xlser.runs.plan import Run


def failure_path(run: Run, results: Path) -> Path:
    """Return the file that tells of the run's failure, where it has failed."""
    return run.path(results.parent / "failures")


def about(run: Run, failure: Failure, results: Path) -> dict[str, Any]:
    """Return all there is to say of a run that has just failed."""
    return {
        "run": run.label,
        "said": failure.said,
        "trace": failure.trace,
        "again": again(run, results),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "identity": run.identity,
    }


def write_failure(run: Run, failure: Failure, results: Path) -> None:
    """Write down how a run failed, and the command that repeats it alone."""
    text = json.dumps(about(run, failure, results), indent=1) + "\n"
    with suppress(OSError):  # it is told on the terminal as well
        write_atomically(failure_path(run, results), text.encode())


def again(run: Run, results: Path) -> str:
    """Return the command that repeats one run."""
    scenario, method = run.scenario, run.method
    settings = method.settings()
    words = ["xlser", "run", method.name, "--protocol", _protocol(scenario.protocol, results)]
    words += ["--target", scenario.target, "--seeds", str(scenario.seed)]
    words += [] if run.fold is None else ["--folds", str(run.fold)]
    if method.target_labels == "few":
        words += ["--labels", str(scenario.labels)]
    words += ["--track", run.track, "--precision", run.precision]
    words += ["--backbone", run.identity["backbone"][0]]
    for name in method.changed_settings():
        words += ["--set", f"{name}={json.dumps(settings[name])}"]
    return shlex.join([*words, "--leaderboards", str(results.parent.parent)])


def _protocol(name: str, results: Path) -> str:
    """Return a protocol as a command names it: one of the user's own by its manifest."""
    own = results.parent / "protocol.json"
    return str(own) if own.is_file() else name
