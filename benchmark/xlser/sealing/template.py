"""The suite's end of sealed processes: it starts a template, and has it fork one per run."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from xlser.errors import WorkerError
from xlser.records.record import Sandbox
from xlser.sealing import view

_START = (
    "import json,socket,sys;s=socket.socket(fileno=0);c=json.loads(s.recv(1<<20));"
    "sys.path[:]=c['path'];from xlser.sealing.launch import launched;launched(s,c)"
)
"""Arguments of the interpreter: neither a path nor a name of this run."""

_SERVING = "xlser.runs.running.serving"

_TEMPLATES = 2  # at a time

_LEAST = 4 << 30  # bytes of memory that a run may always take
_LONGEST = 7 * 24 * 3600.0  # seconds of a run


class Means(NamedTuple):
    """What sealing this machine allows.

    Attributes:
        how: the strongest there is.
        lacking: why it is no stronger; empty for namespaces.
    """

    how: Sandbox
    lacking: str


@cache
def means() -> Means:
    """Return what keeps a method from files, network and processes on this machine."""
    if sys.platform != "linux":
        return Means("none", f"{sys.platform} has no namespaces")
    kernel = Path(__file__).with_name("kernel.py")
    tried = subprocess.run(
        [sys.executable, "-I", "-S", str(kernel), *view.shown()],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode == 0:
        return Means("namespaces", "")
    *_, why = (tried.stdout.strip() or tried.stderr.strip() or "no reason given").splitlines()
    lacking = f"this system allows no namespaces ({why})"
    program = shutil.which("bwrap")
    if program is None:
        return Means("none", f"{lacking}, and bubblewrap is not installed")
    works = [program, "--unshare-all", "--ro-bind", "/", "/", "ls", "--directory", *view.shown()]
    if subprocess.run(works, capture_output=True, check=False).returncode == 0:
        return Means("bubblewrap", lacking)
    return Means("none", f"{lacking}, nor does bubblewrap get any")


@dataclass(frozen=True)
class Outcome:
    """How a sealed process ended.

    Attributes:
        code: its exit code, negative for a signal.
        over: of what it took too much; empty for nothing.
    """

    code: int
    over: str


class SealedProcess:
    """A process of one run.

    Attributes:
        connection: to the method's end.
    """

    def __init__(self, connection: Connection, status: int, errors: int) -> None:
        self.connection = connection
        self._status = status
        self._pump = threading.Thread(target=_pass_on, args=(errors,), daemon=True)
        self._pump.start()

    def outcome(self) -> Outcome:
        """Return how it ended; wait for its end."""
        with os.fdopen(os.dup(self._status), "rb") as file:
            said = file.read()
        self._pump.join(5)
        with suppress(ValueError):
            stated = json.loads(said)
            return Outcome(int(stated.get("code", -9)), str(stated.get("over", "")))
        return Outcome(-9, "")

    def end(self) -> None:
        """End it, and all that it started."""
        self.connection.close()
        os.close(self._status)  # which its keeper watches
        self._pump.join(5)


def _pass_on(errors: int) -> None:
    """Print what a process prints."""
    with os.fdopen(errors, "r", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            sys.stderr.write(line)


class Template:
    """A process that has imported what methods need, and is forked for each run.

    Raises:
        WorkerError: it does not start.
    """

    def __init__(self, how: Sandbox, secret: Collection[Path], gpu: bool) -> None:
        shown = view.shown()
        with tempfile.TemporaryDirectory(prefix="sealed-") as root:
            config: dict[str, Any] = {
                "how": how,
                "path": view.module_path(),
                "preload": view.preloaded(),
                "serving": _SERVING,
                "root": root,
                "binds": shown,
                "masks": view.hidden(secret, shown),
                "links": view.links(),
                "devices": view.devices(gpu),
            }
            self._suite, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._suite.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            command = [sys.executable, "-I", "-c", _START]
            if how == "bubblewrap":
                command = [*_bubblewrap(config), *command]
            with theirs:
                self._process = subprocess.Popen(
                    command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    env=view.environment(),
                    cwd="/",
                    start_new_session=True,
                )
            self._suite.send(json.dumps(config).encode())
            said = self._suite.recv(1 << 16)
        stated = json.loads(said) if said else {"failed": "it ended"}
        if "failed" in stated:
            self.end()
            raise WorkerError(
                f"A sealed process does not start here: {stated['failed']}.",
                "Run without isolation (--no-isolate), where you trust the method's code.",
            )

    @property
    def alive(self) -> bool:
        """Whether it can be asked for another process."""
        return self._process.poll() is None

    def process(self, memory: int, seconds: float, bounded: bool) -> SealedProcess:
        """Return a new process, in the state in which the template began.

        Args:
            memory: bytes that all of the run may hold.
            seconds: that it may take.
            bounded: whether its address space is held to that as well.
        """
        ours, theirs = socket.socketpair()
        errors, write_errors = os.pipe()
        status, write_status = os.pipe()
        asked = {"memory": memory, "seconds": seconds, "bounded": bounded}
        files = [theirs.fileno(), write_errors, write_status]
        socket.send_fds(self._suite, [json.dumps(asked).encode()], files)
        theirs.close()
        os.close(write_errors)
        os.close(write_status)
        return SealedProcess(Connection(ours.detach()), status, errors)

    def end(self) -> None:
        """End it; its runs end with it."""
        self._suite.close()
        with suppress(OSError):
            self._process.kill()
        self._process.wait()


def _bubblewrap(config: dict[str, Any]) -> Iterator[str]:
    """Yield the call of bubblewrap that shows what `config` lists."""
    program = shutil.which("bwrap") or "bwrap"
    yield from (program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL")
    yield from ("--tmpfs", "/tmp", "--tmpfs", "/private")
    shown = [(place, "--ro-bind") for place in config["binds"]]
    shown += [(place, "--tmpfs") for place in config["masks"]]
    for place, how in sorted(shown, key=lambda each: len(Path(each[0]).parts)):
        yield from (how, place, place) if how == "--ro-bind" else (how, place)
    for place, target in config["links"]:
        if not place.startswith("/dev"):
            yield from ("--symlink", target, place)
    yield from ("--proc", "/proc", "--dev", "/dev", "--chdir", "/private")
    for device in config["devices"]:
        if "nvidia" in device:
            yield from ("--dev-bind", device, device)


_templates: dict[tuple[object, ...], Template] = {}


@contextmanager
def sealed_process(
    secret: Collection[Path], gpu: bool, memory: int, seconds: float | None = None
) -> Iterator[SealedProcess]:
    """Provide a sealed process for the block, and end it and all that it started.

    Args:
        secret: files and folders that it must not see.
        gpu: whether it sees GPUs.
        memory: bytes that it may hold.
        seconds: that it may take.

    Raises:
        WorkerError: none starts.
    """
    how = means().how
    template = _template(how, secret, gpu)
    process = template.process(max(memory, _LEAST), seconds or _LONGEST, bounded=not gpu)
    try:
        yield process
    finally:
        process.end()
        if how == "bubblewrap":  # whose namespaces serve one run
            template.end()


def _template(how: Sandbox, secret: Collection[Path], gpu: bool) -> Template:
    shown = view.shown()
    covered = tuple(view.hidden(secret, shown))
    key = (os.getpid(), how, gpu, tuple(view.module_path()), tuple(shown), covered)
    found = _templates.get(key)
    if found is None or not found.alive or how == "bubblewrap":
        ours = [each for each in _templates if each[0] == os.getpid()]
        for other in [key, *ours[: -_TEMPLATES + 1]]:
            if other in _templates:
                _templates.pop(other).end()
        found = _templates[key] = Template(how, secret, gpu)
    return found


__all__ = ["Means", "Outcome", "SealedProcess", "Template", "means", "sealed_process"]
