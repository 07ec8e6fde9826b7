"""The start of a sealed process: shut in first, then the heavy imports, then one fork per run.

What is started here holds no speech, no scenario and no path of the suite. Each run is a fork of it
in namespaces of its own, so that every run begins in the same blank state, and nothing that one
leaves behind is there for another: not a file, not a variable, not a key or message of the kernel.

    this process ─ template ─┬─ keeper of a run ─ first process of its namespace ─ the method
                             └─ keeper of the next run ─ ...

The keeper ends all of a run when the suite is gone or when it takes too long.
"""

import contextlib
import importlib
import json
import os
import resource
import select
import shutil
import signal
import socket
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xlser.sealing import kernel

Config = Mapping[str, Any]
"""What the suite sends first: `how`, `path` of modules, `preload`, `serving` (the module whose
`serve` talks to the suite), `root`, `binds`, `masks`, `links`, `devices`."""

PRIVATE = "/private"
"""The folder of a run, of its own and empty; it is gone with the run."""

_MOMENT = 0.2  # seconds between looks at what a run uses
_FORKED = 1 << 12  # processes and threads of one run
_FILE = 1 << 34  # bytes of one file


def launched(suite: socket.socket, config: Config) -> None:
    """Become the template, and fork a process for each run that the suite asks for.

    Args:
        suite: connection to it.
        config: what may be seen.
    """
    try:
        if config["how"] == "namespaces":
            _shut_in(config)
        for module in config["preload"]:
            with contextlib.suppress(ImportError):
                importlib.import_module(module)
        serve = importlib.import_module(config["serving"]).serve
    except BaseException as error:
        suite.send(json.dumps({"failed": f"{type(error).__name__}: {error}"}).encode())
        os._exit(1)
    suite.send(json.dumps({"ready": True}).encode())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers need no obituary
    warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads that sleep
    while True:
        message, files, _, _ = socket.recv_fds(suite, 1 << 16, 3)
        if not message:
            os._exit(0)
        if os.fork() == 0:
            suite.close()
            try:
                _keep(json.loads(message), files, config, serve)
            finally:
                os._exit(70)
        for file in files:
            os.close(file)


def _shut_in(config: Config) -> None:
    """Go into new namespaces, where nothing is but what `config` lists, and go on as a child.

    Raises:
        OSError: the kernel does not allow it.
    """
    kernel.unshare(kernel.ALL)
    kernel.map_own_user(kernel.INSIDE)
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    kernel.end_with_parent()
    kernel.make_private()
    root = config["root"]
    kernel.mount("tmpfs", root, "size=16m,mode=755")
    shown = [(place, "bind") for place in config["binds"]]
    shown += [(place, "mask") for place in config["masks"]]
    for place, how in sorted(shown, key=lambda each: len(Path(each[0]).parts)):
        _show(place, how, root + place)
    for place in ("/proc", PRIVATE, "/dev/shm", "/etc"):
        os.makedirs(root + place, exist_ok=True)
    for place, target in config["links"]:
        with contextlib.suppress(FileExistsError):
            os.symlink(target, root + place)
    if not os.path.exists(f"{root}/tmp"):
        os.symlink(PRIVATE, f"{root}/tmp")
    for device in config["devices"]:
        _show(device, "bind", root + device)
    user = f"user:x:{kernel.INSIDE}:{kernel.INSIDE}::{PRIVATE}:/bin/sh\n"
    with contextlib.suppress(OSError):
        Path(f"{root}/etc/passwd").write_text(user, encoding="ascii")
    kernel.make_read_only(root)
    for place in (PRIVATE, "/dev/shm"):  # modules look for such folders; a run has its own
        kernel.mount("tmpfs", root + place, "size=64m,mode=700")
    os.environ.update(HOME=PRIVATE, TMPDIR=PRIVATE)
    with contextlib.suppress(OSError):  # a container that hides parts of /proc allows no other
        kernel.mount("proc", f"{root}/proc")
    kernel.enter_root(root)


def _show(place: str, how: str, at: str) -> None:
    """Show a file or folder, or an empty one in its stead."""
    folder = os.path.isdir(place)
    if folder:
        os.makedirs(at, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(at), exist_ok=True)
        if not os.path.exists(at):
            Path(at).touch()
    if how == "bind":
        kernel.bind(place, at)
    elif folder:
        kernel.mount("tmpfs", at, "size=1m,mode=755")
    else:
        kernel.bind("/dev/null", at)


def _keep(run: Mapping[str, Any], files: Sequence[int], config: Config, serve: Any) -> None:
    """Start one run, watch over it, and end all that it started."""
    channel, errors, status = files
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(errors, 1)
    os.dup2(errors, 2)
    os.close(errors)
    own = config["how"] == "namespaces"
    folder = PRIVATE if config["how"] != "none" else tempfile.mkdtemp(prefix="run-")
    if own:
        kernel.unshare(kernel.NEWNS | kernel.NEWPID | kernel.NEWIPC)
    first = os.fork()
    if first == 0:
        try:
            _begin(run, channel, status, folder, config["how"], serve)
        finally:
            os._exit(70)
    os.close(channel)
    over = _watched(first, status, run["seconds"])
    if over:
        with contextlib.suppress(OSError):
            os.write(status, json.dumps({"over": over}).encode())
    if config["how"] == "none":
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _watched(first: int, status: int, seconds: float) -> str:
    """Wait for a run's first process; end it when the suite is gone or the time is over.

    Returns:
        Of what it used too much; "" for nothing.
    """
    poll = select.poll()
    poll.register(status, 0)  # 0: only the error of a pipe without a reader
    ends = time.monotonic() + seconds
    with contextlib.suppress(OSError, AttributeError):
        poll.register(os.pidfd_open(first), select.POLLIN)
    while os.waitpid(first, os.WNOHANG) == (0, 0):
        gone = any(file == status for file, _ in poll.poll(1000 * _MOMENT))
        late = time.monotonic() > ends
        if gone or late:
            os.kill(first, signal.SIGKILL)
            os.waitpid(first, 0)
            return f"more than {seconds:g} seconds" if late else ""
    return ""


def _begin(
    run: Mapping[str, Any], channel: int, status: int, folder: str, how: str, serve: Any
) -> None:
    """Be the first process of a run: prepare its folder, start the method, and look after it."""
    if how == "namespaces":
        kernel.mount("tmpfs", PRIVATE, f"size={run['memory']},mode=700")
        kernel.mount("tmpfs", "/dev/shm", f"size={run['memory']},mode=700")
        with contextlib.suppress(OSError):
            kernel.mount("proc", "/proc")
        with contextlib.suppress(OSError):  # Linux 6.14 counts it by namespace
            Path("/proc/sys/kernel/pid_max").write_text(str(_FORKED), encoding="ascii")
    os.environ.update(HOME=folder, TMPDIR=folder)
    tempfile.tempdir = None
    os.chdir(folder)
    os.setsid()
    _limit(run)
    kernel.give_up_privileges(but_reading=how == "none")
    method = os.fork()
    if method == 0:
        os.close(status)
        try:
            serve(channel)
            os._exit(0)
        finally:
            os._exit(70)
    os.close(channel)
    kernel.hide_from_siblings()
    os.write(status, json.dumps(_look_after(method, run)).encode())
    with contextlib.suppress(OSError):
        os.killpg(0, signal.SIGKILL)  # without a namespace nothing else ends what it started
    os._exit(0)


def _limit(run: Mapping[str, Any]) -> None:
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: _FILE, resource.RLIMIT_NPROC: _FORKED}
    if run["bounded"]:
        limits[resource.RLIMIT_DATA] = run["memory"]
    for which, most in limits.items():
        _, hard = resource.getrlimit(which)
        if hard == resource.RLIM_INFINITY or most < hard:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(which, (most, most))


def _look_after(method: int, run: Mapping[str, Any]) -> Mapping[str, Any]:
    """Wait for the method's process, and for whatever it orphans; return how it ended."""
    with contextlib.suppress(OSError, AttributeError):
        ended = os.pidfd_open(method)
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        while not poll.poll(1000 * _MOMENT):
            with contextlib.suppress(ChildProcessError):
                while (orphan := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and (
                    orphan.si_pid != method
                ):
                    os.waitpid(orphan.si_pid, 0)
            if sum(_held()) > run["memory"]:
                os.kill(method, signal.SIGKILL)
                return {"over": f"more than {run['memory'] >> 20} MiB of memory"}
    _, status = os.waitpid(method, 0)
    return {"code": os.waitstatus_to_exitcode(status)}


def _held() -> Iterator[int]:
    """Yield the bytes of memory that each other process of this namespace holds."""
    if os.getpid() != 1:
        return  # in no namespace of its own: others' processes are none of ours
    for each in os.scandir("/proc"):
        if each.name.isdecimal() and each.name != "1":
            with contextlib.suppress(OSError):
                for line in Path(each.path, "status").read_text(encoding="ascii").splitlines():
                    if line.startswith(("RssAnon:", "RssShmem:")):
                        yield int(line.split()[1]) << 10
