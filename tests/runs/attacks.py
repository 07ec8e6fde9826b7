"""Methods that attack: each probe returns whether it got what no method may have."""

import contextlib
import ctypes
import gc
import json
import multiprocessing
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from xlser.methods import Method, Predictor, Speech, Task


class Probe(Method):
    """Tries everything, and reports by failing."""

    name = "probe"
    target_labels = "none"
    citation = "nobody (2026)"
    tracks = ("frozen",)
    results: str = ""
    cache: str = ""
    corpora: str = ""
    pid: int = 0
    port: int = 0
    abstract: str = ""

    def fit(self, task: Task) -> Predictor:
        raise RuntimeError(f"got <{json.dumps({n: _tried(p, self) for n, p in PROBES.items()})}>")


def _tried(probe: Callable[[Probe], object], about: Probe) -> bool:
    try:
        return bool(probe(about))
    except Exception:
        return False


def environment(about: Probe) -> bool:
    return any(name.startswith("XLSER_") for name in os.environ)


def environment_at_start(about: Probe) -> bool:
    return b"XLSER_" in Path("/proc/self/environ").read_bytes()


def arguments(about: Probe) -> bool:
    told = " ".join([*sys.argv, *sys.orig_argv, Path("/proc/self/cmdline").read_text()])
    return "pytest" in told or about.results in told


def working_folder(about: Probe) -> bool:
    return (Path.cwd() / "pyproject.toml").exists()


def record_of_multiprocessing(about: Probe) -> bool:
    return multiprocessing.parent_process() is not None or hasattr(
        sys.modules["__main__"], "__file__"
    )


def parent(about: Probe) -> bool:
    return b"XLSER_" in Path(f"/proc/{os.getppid()}/environ").read_bytes()


def processes_of_the_suite(about: Probe) -> bool:
    os.kill(about.pid, 0)
    return True


def cache(about: Probe) -> bool:
    return any(Path(about.cache).rglob("*"))


def corpora(about: Probe) -> bool:
    return any(Path(about.corpora).rglob("*.ogg"))


def results(about: Probe) -> bool:
    return any(Path(about.results).iterdir())


def write_a_record(about: Probe) -> bool:
    (Path(about.results) / "forged.json").write_text("{}")
    return True


def home(about: Probe) -> bool:
    return any(Path("/root").glob(".*rc"))


def network(about: Probe) -> bool:
    socket.create_connection(("127.0.0.1", about.port), timeout=2).close()
    return True


def abstract_socket(about: Probe) -> bool:
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(f"\0{about.abstract}")
    return True


def call_stack(about: Probe) -> bool:
    frame = sys._getframe()
    while frame:
        if any(hasattr(value, "scenario") for value in frame.f_locals.values()):
            return True
        frame = frame.f_back
    return False


def garbage(about: Probe) -> bool:
    return any(type(thing).__name__ == "Scenario" for thing in gc.get_objects())


def standard_error(about: Probe) -> bool:
    """Open it anew: a file or terminal of the suite's can be read."""
    return str(Path("/proc/self/fd/2").readlink()).startswith("/")


def code_of_the_suite(about: Probe) -> bool:
    import xlser

    with Path(xlser.__file__).open("a", encoding="utf-8"):
        return True


def new_mounts(about: Probe) -> bool:
    """Privileges of its namespace: with them, what covers a folder is taken away."""
    libc = ctypes.CDLL(None, use_errno=True)
    child = os.fork()
    if child == 0:
        new_user_and_mounts = 0x10020000
        failed = libc.unshare(new_user_and_mounts) or libc.mount(b"none", b"/usr", b"tmpfs", 0, b"")
        os._exit(1 if failed else 0)
    return os.waitpid(child, 0)[1] == 0


def trace_the_first_process(about: Probe) -> bool:
    with Path("/proc/1/mem").open("rb") as memory:
        return memory.fileno() > 0


PROBES: dict[str, Callable[[Probe], object]] = {
    probe.__name__: probe
    for probe in (
        environment,
        environment_at_start,
        arguments,
        working_folder,
        record_of_multiprocessing,
        parent,
        processes_of_the_suite,
        cache,
        corpora,
        results,
        write_a_record,
        home,
        network,
        abstract_socket,
        call_stack,
        garbage,
        standard_error,
        code_of_the_suite,
        new_mounts,
        trace_the_first_process,
    )
}


class _Remembering(Method):
    target_labels = "none"
    citation = "nobody (2026)"
    tracks = ("frozen",)
    where: str = "variable"

    def known(self) -> dict[str, int]:
        return _kept(self.where)

    def fit(self, task: Task) -> Predictor:
        known = self.known()
        for labelled in (task.source, task.target_labelled):
            for row, emotion in zip(labelled.speech.features, labelled.emotion, strict=True):
                known[row.numpy().tobytes().hex()[:16]] = int(emotion)
        _keep(self.where, known)
        self._known, self._classes = known, len(task.classes)
        return self

    def predict(self, speech: Speech) -> Tensor:
        rows = [row.numpy().tobytes().hex()[:16] for row in speech.features]
        answers = torch.tensor([self._known.get(row, 0) for row in rows])
        return one_hot(answers, self._classes).float()


class Leaves(_Remembering):
    """May see all labels, and leaves them for its sibling."""

    name = "leaves"
    target_labels = "all"


class Finds(_Remembering):
    """May see none."""

    name = "finds"


MEMORY: dict[str, int] = {}


def _kept(where: str) -> dict[str, int]:
    if where == "variable":
        return MEMORY
    if where in KERNEL:
        return json.loads(KERNEL[where](b"") or b"{}")
    path = _file(where)
    return json.loads(path.read_text()) if path.exists() else {}


def _keep(where: str, known: dict[str, int]) -> None:
    if where == "variable":
        MEMORY.update(known)
    elif where in KERNEL:
        KERNEL[where](json.dumps(known, separators=(",", ":")).encode())
    else:
        _file(where).write_text(json.dumps(known))


def _file(where: str) -> Path:
    import tempfile

    folder = {"temporary": tempfile.gettempdir(), "home": Path.home(), "shared": "/dev/shm"}[where]
    return Path(folder) / "xlser-attack.json"


def _key(known: bytes) -> bytes:
    """A key in the kernel's keyring of the user: no file and no process holds it."""
    libc = ctypes.CDLL(None, use_errno=True)
    add, control, ring, read, search = 248, 250, ctypes.c_long(-4), 11, 10
    if known:
        libc.syscall(add, b"user", b"xlser-attack", known, ctypes.c_size_t(len(known)), ring)
        return b""
    found = libc.syscall(control, search, ring, b"user", b"xlser-attack", 0)
    buffer = ctypes.create_string_buffer(1 << 15)
    size = libc.syscall(control, read, found, buffer, len(buffer)) if found > 0 else 0
    return buffer.raw[: max(size, 0)]


def _segment(known: bytes) -> bytes:
    """Shared memory of System V, which outlives whoever made it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    size, make = 1 << 15, 0o1600
    found = libc.shmget(SEGMENT, size, make if known else 0)
    if found < 0:
        return b""
    place = libc.shmat(found, None, 0)
    if known:
        ctypes.memmove(place, known + b"\0", len(known) + 1)
    return ctypes.string_at(place)


def _process(known: bytes) -> bytes:
    """A process that outlives the run and answers at an abstract socket."""
    with socket.socket(socket.AF_UNIX) as end:
        if not known:
            with contextlib.suppress(OSError):
                end.connect("\0xlser-attack-daemon")
                return b"".join(iter(lambda: end.recv(1 << 16), b""))
            return b""
        if os.fork() == 0:
            with contextlib.suppress(BaseException):
                os.setsid()
                _answer(known)
            os._exit(0)
    return b""


def _answer(known: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0xlser-attack-daemon")
        server.listen()
        server.settimeout(30)
        for _ in range(3):  # who finds it in three seeds
            other, _ = server.accept()
            with other:
                other.sendall(known)


SEGMENT = 0x7853
KERNEL: dict[str, Callable[[bytes], bytes]] = {
    "key": _key,
    "segment": _segment,
    "process": _process,
}
"""What keeps bytes, or returns them where it is given none."""


def forget() -> None:
    """Take away what a run without a sandbox left in the kernel."""
    libc = ctypes.CDLL(None, use_errno=True)
    if (found := libc.shmget(SEGMENT, 0, 0)) >= 0:
        libc.shmctl(found, 0, None)
    found = libc.syscall(250, 10, ctypes.c_long(-4), b"user", b"xlser-attack", 0)
    if found > 0:
        libc.syscall(250, 9, found, ctypes.c_long(-4))
    while _process(b""):
        pass


class Adapts(Method):
    """Answers by the batch, once it is large: no check of small batches sees it."""

    name = "adapts"
    target_labels = "none"
    citation = "nobody (2026)"
    tracks = ("frozen",)

    def fit(self, task: Task) -> Predictor:
        self._classes = len(task.classes)
        return self

    def predict(self, speech: Speech) -> Tensor:
        features = speech.features.float().flatten(1)
        if len(features) > 20:
            features = features - features.mean(0)
        return features[:, : self._classes].softmax(dim=1)


class Greedy(Method):
    """Takes more of the machine than a run may."""

    name = "greedy"
    target_labels = "none"
    citation = "nobody (2026)"
    tracks = ("frozen",)
    of: str = "memory"

    def fit(self, task: Task) -> Predictor:
        if self.of == "memory":
            torch.ones(3 << 30, dtype=torch.uint8)
        elif self.of == "file":
            Path("large").write_bytes(bytes(1 << 20))
        elif self.of == "time":
            import time

            time.sleep(600)
        elif self.of == "reply":
            for file in range(3, 20):
                with contextlib.suppress(OSError):
                    os.write(file, b"\0\0\0\4junk")
        elif self.of == "daemon" and os.fork() == 0:
            import time

            os.setsid()
            time.sleep(60)
            os._exit(0)
        raise RuntimeError("had it all")

    def predict(self, speech: Speech) -> Tensor:
        raise NotImplementedError
