"""The status file of a command that carries out a plan, for other processes.

The file lies at `<leaderboards>/<protocol>/status/<host>-<process>.json` and is replaced as a whole
each second: an old file means that its process is gone or has stopped.
"""

import json
import os
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from xlser.system.files import is_alive, sweep

SILENCE = 30.0
"""Seconds without an update after which a process is "silent"."""

State = Literal["running", "ended", "interrupted", "failed"]


class StatusFile:
    """The status file of this process.

    Files of processes that have ended are removed.

    Args:
        protocol: folder of a protocol's results, which the file lies in.
        command: that this process carries out.
    """

    def __init__(self, protocol: Path, command: str) -> None:
        folder = protocol.absolute() / "status"  # a method may change the working folder
        host, process = socket.gethostname(), os.getpid()
        self._path = folder / f"{host}-{process}.json"
        self._partial = folder / f".{host}-{process}-status.partial"
        self._about = {
            "host": host,
            "process": process,
            "command": command,
            "folder": str(Path.cwd()),
        }
        sweep(folder)
        for path in folder.glob("*.json"):
            status = _read(path, _OF_A_STATUS)
            if status is None or judged(status, datetime.now(UTC))["state"] != "running":
                path.unlink(missing_ok=True)

    def write(self, snapshot: Mapping[str, Any], state: State = "running") -> None:
        """Write the status file; errors of the file system are ignored."""
        status = {"state": state, **self._about, **snapshot}
        with suppress(OSError):
            if not self._path.parent.exists():
                self._path.parent.mkdir(parents=True)
                (self._path.parent / ".gitignore").write_text("*\n", encoding="utf-8")
            try:
                self._partial.write_text(json.dumps(status, indent=1) + "\n", encoding="utf-8")
                self._partial.replace(self._path)
            finally:
                self._partial.unlink(missing_ok=True)


def read_statuses(protocol: Path, now: datetime | None = None) -> list[dict[str, Any]]:
    """Return the status of each command of a protocol, running or ended, oldest first.

    Each is as in `judged`.
    """
    found = [_read(path, _OF_A_STATUS) for path in (protocol / "status").glob("[!.]*.json")]
    statuses = [judged(each, now or datetime.now(UTC)) for each in found if each]
    return sorted(statuses, key=lambda each: str(each["began"]))


def read_failures(protocol: Path) -> list[dict[str, Any]]:
    """Return the failure file of each failed run of a protocol, with its path as `file`."""
    paths = sorted((protocol / "failures").rglob("[!.]*.json"))
    return [
        {**failure, "file": str(path)} for path in paths if (failure := _read(path, _OF_A_FAILURE))
    ]


def judged(status: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return a status with the state that follows from its age.

    A process that was running is "gone" where this host has none of its number, and "silent" where
    it wrote nothing for longer than `SILENCE`. `silent_for` is that age, in seconds.
    """
    age = max(0.0, (now - datetime.fromisoformat(status["updated"])).total_seconds())
    state = status["state"]
    if state == "running":
        here = status["host"] == socket.gethostname()
        if here and not is_alive(status["process"]):
            state = "gone"
        elif age > SILENCE:
            state = "silent"
    return {**status, "state": state, "silent_for": round(age, 1)}


# Without these a file is not one of ours.
_OF_A_STATUS = ("state", "host", "process", "began", "updated")
_OF_A_FAILURE = ("run", "message", "again")


def _read(path: Path, keys: Iterable[str]) -> dict[str, Any] | None:
    """Return the content of a file; None if it disappeared or lacks one of `keys`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) and all(key in content for key in keys) else None
