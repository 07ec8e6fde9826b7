"""A Ray cluster of several nodes on this machine, started as on several: by `ray start`."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_RAY = [sys.executable, "-c", "from ray.scripts.scripts import main; main()"]
_STORE = 100 << 20  # bytes of an object store
_HIDE = 'for d in $HIDDEN; do mount -t tmpfs -o "$HOW" tmpfs "$d" || exit 1; done; exec "$@"'


def _unshare() -> list[str]:
    """The command that gives a node mounts of its own, where we may."""
    for command in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
        with suppress(OSError):
            tried = [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
            if not subprocess.run(tried, capture_output=True).returncode:
                return command
    return []


class Node:
    """The processes of one node."""

    def __init__(
        self,
        *options: str,
        cpus: int,
        gpus: int = 0,
        hidden: Sequence[Path] = (),
        read_only: bool = False,
        **environment: str,
    ) -> None:
        """Start a node.

        Args:
            options: of `ray start`.
            cpus: of the node.
            gpus: that it claims to have.
            hidden: folders that are empty there, as on a machine with disks of its own.
            read_only: whether these cannot be written, either.
            environment: variables of its processes.
        """
        unshare = _unshare() if hidden else []
        how = [*unshare, "sh", "-c", _HIDE, "sh"] if unshare else []
        about = [f"--num-cpus={cpus}", f"--num-gpus={gpus}"]
        about += [f"--object-store-memory={_STORE}", "--disable-usage-stats", "--block"]
        surroundings = {
            "HIDDEN": " ".join(map(str, hidden)),
            "HOW": "ro" if read_only else "rw",
            "RAY_raylet_start_wait_time_s": "120",  # of a busy machine
            "RAY_worker_niceness": "0",  # else workers get no core on a busy machine
            "RAY_AUTH_MODE": "disabled",  # else a token is wanted where the home folder has one
        }
        self.hides = bool(unshare)
        self._process = subprocess.Popen(
            [*how, *_RAY, "start", *options, *about],
            env={**os.environ, **surroundings, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait(self) -> "Node":
        """Return when it has joined the cluster."""
        assert self._process.stdout
        said = []
        for line in self._process.stdout:
            said.append(line)
            if "Ray runtime started" in line:
                return self
        raise AssertionError("".join(said))

    def kill(self) -> None:
        """End all of its processes at once, as a power cut would."""
        for process in _members(self._process.pid):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def _members(session: int) -> list[int]:
    """Return the processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(ValueError, OSError):
            if os.getsid(int(entry.name)) == session:
                found.append(int(entry.name))
    return found


class Cluster:
    """A head, which computes nothing, and nodes that can be added.

    Attributes:
        address: for who wants to connect.
        folder: of its own, of a short name: those of sockets have no more than 107 characters.
    """

    def __init__(self, folder: Path) -> None:
        port = _free_port()
        self.folder = folder
        self.address = f"127.0.0.1:{port}"
        options = ["--head", f"--port={port}", f"--temp-dir={folder}", "--include-dashboard=false"]
        self._nodes = [Node(*options, cpus=0).wait()]

    def add(self, cpus: int = 1, **how: object) -> Node:
        """Start a node. One after the other: at once, two may choose the same names of sockets."""
        node = Node(f"--address={self.address}", cpus=cpus, **how)
        self._nodes.append(node)
        return node.wait()

    def end(self) -> None:
        for node in reversed(self._nodes):
            node.kill()


@contextmanager
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        started = Cluster(Path(folder))
        try:
            yield started
        finally:
            started.end()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
