"""Commands in processes forked from one that has imported torch, pandas and scikit-learn already.

Each is a process of its own, with its folder, environment, limits, pipes and signals: it can be
killed. Only the interpreter's start is shared, which takes seconds of every command that trains.
What happens during that start is tested in processes started anew (`commands.XLSER`).
"""

import atexit
import io
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import cache
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType
from typing import NoReturn

_IMPORTED = (
    "pandas",
    "sklearn.linear_model",
    "sklearn.metrics.pairwise",
    "sklearn.svm",
    "xlser.api.pipeline",
    "xlser.cli",
)


_LIMITS = [number for name, number in vars(resource).items() if name.startswith("RLIMIT_")]


class Command:
    """A command at work, with the members of `subprocess.Popen` that tests use.

    Attributes:
        args: of the command.
        pid: of its process.
        stdout: what it prints.
        stderr: its messages.
        returncode: negative for a signal; None while it runs.
    """

    def __init__(self, args: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.args = args
        self.returncode: int | None = None
        ends = [os.pipe() for _ in range(3)]
        self.stdout, self.stderr, self._status = (os.fdopen(read, "r") for read, _ in ends)
        asked = {
            "args": args,
            "folder": str(folder),
            "environment": environment,
            "limits": [(number, resource.getrlimit(number)) for number in _LIMITS],
        }
        writes = [write for _, write in ends]
        socket.send_fds(_template(), [json.dumps(asked).encode()], writes)
        for write in writes:
            os.close(write)
        self.pid = int(self._status.readline())
        self._said: dict[io.TextIOBase, str] = {}
        self._readers: list[threading.Thread] = []

    def poll(self) -> int | None:
        """Return its exit code if it has ended."""
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code.

        Raises:
            TimeoutExpired: it takes longer than `timeout`, seconds.
        """
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            self.returncode = int(self._status.readline())
            self._status.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Return what it printed, and its messages, once it has ended.

        Raises:
            TimeoutExpired: it takes longer than `timeout`, seconds. The call can be repeated.
        """
        ends = time.monotonic() + (threading.TIMEOUT_MAX if timeout is None else timeout)
        if not self._readers:
            for stream in (self.stdout, self.stderr):
                self._readers.append(threading.Thread(target=self._read, args=(stream,)))
                self._readers[-1].start()
        for reader in self._readers:
            reader.join(max(0.0, min(ends - time.monotonic(), threading.TIMEOUT_MAX)))
            if reader.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        self.wait(None if timeout is None else max(0.0, ends - time.monotonic()))
        return self._said[self.stdout], self._said[self.stderr]

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _read(self, stream: io.TextIOBase) -> None:
        with stream:
            self._said[stream] = stream.read()


@cache
def _template() -> socket.socket:
    """Start the process that commands are forked from; it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [sys.executable, __file__, str(theirs.fileno())],
        env=environment,
        stdin=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _serve(tests: socket.socket) -> None:
    """Fork a process for each command that the tests ask for, and report how each ends."""
    for module in _IMPORTED:
        import_module(module)
    running: dict[int, tuple[int, int]] = {}  # by pidfd: process, and where to report
    while True:
        ready, _, _ = select.select([tests, *running], [], [])
        for ended in running.keys() & {*ready}:
            process, status = running.pop(ended)
            code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            os.write(status, b"%d\n" % code)
            os.close(status)
            os.close(ended)
        if tests not in ready:
            continue
        asked, files, _, _ = socket.recv_fds(tests, 1 << 20, 3)
        if not asked:
            return
        process = os.fork()
        if process == 0:
            tests.close()
            for ended, (_, status) in running.items():
                os.close(ended)
                os.close(status)
            _begin(files, **json.loads(asked))
        os.write(files[2], b"%d\n" % process)
        running[os.pidfd_open(process)] = (process, files.pop())
        for file in files:
            os.close(file)


def _begin(
    files: list[int],
    args: list[str],
    folder: str,
    environment: dict[str, str],
    limits: list[tuple[int, tuple[int, int]]],
) -> NoReturn:
    """Be the command, as an interpreter would be that was started for it."""
    for number, limit in limits:
        resource.setrlimit(number, limit)
    for file, number in zip(files, (1, 2), strict=False):
        os.dup2(file, number)
    for file in files:
        os.close(file)
    # Streams know from their opening whether they are pipes.
    encoding = environment.get("PYTHONIOENCODING", sys.stdout.encoding)
    sys.stdout = os.fdopen(1, "w", encoding=encoding, closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding, "backslashreplace", closefd=False)
    # A test run that a shell put into the background ignores interrupts, and so would this.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["-c", *args]
    given = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:0] = ["", *given]
    sys.modules["__main__"] = ModuleType("__main__")
    invalidate_caches()
    from xlser.cli import main

    main()
    sys.exit()


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file
    _serve(socket.socket(fileno=int(sys.argv[1])))
