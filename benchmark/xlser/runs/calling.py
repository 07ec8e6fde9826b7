"""Calling a method: in this process, or in one of its own that holds nothing but the task."""

import json
import multiprocessing
import os
import pickle
import signal
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any, Protocol

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from xlser.errors import MethodError, XlserError
from xlser.methods import Method, Speech, Task, Track
from xlser.methods.calls import (
    blamed,
    check_probabilities,
    contained,
    described,
    require_predictor,
    seed_everything,
)
from xlser.methods.origin import arrived, carried
from xlser.records.record import Memory
from xlser.runs.environment import forget_peak_memory, peak_memory
from xlser.runs.processes import end_with_the_parent, how_ended, without_main_module
from xlser.training import derive


@dataclass(frozen=True)
class Failure:
    """How a run failed.

    Attributes:
        said: what was raised and by which method of which package, in one line.
        trace: all there is to know.
    """

    said: str
    trace: str

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """Return the failure that `error`, just caught, means."""
        if isinstance(error, FailedElsewhereError):
            return error.failure
        words = str(error).rstrip(".") + "."
        said = " ".join([f"{type(error).__name__}: {words}", *getattr(error, "__notes__", ())])
        return cls(" ".join(said.split()), traceback.format_exc())


class FailedElsewhereError(XlserError):
    """A failure of the method in its own process, which has told of it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.said, "Its traceback is below.")
        self.failure = failure


class Called(Protocol):
    """A method that can be called once to fit, and then to predict."""

    def fit(self, task: Task) -> None:
        """Let it learn.

        Raises:
            MethodError: it broke its contract.
        """

    def predict(self, speech: Speech) -> Tensor:
        """Return its class probabilities, shape (utterances, classes), float32.

        Raises:
            MethodError: it broke its contract.
        """

    def peak_memory(self) -> Mapping[Memory, int]:
        """Return the most MiB that its process held since it began to learn."""


@contextmanager
def called(method: Method, isolate: bool) -> Iterator[Called]:
    """Make a method ready to be called.

    Args:
        method: which; a fresh one is made.
        isolate: whether in a process of its own.
    """
    if not isolate:
        yield _Here(type(method)(**method.settings()))
        return
    with tempfile.TemporaryDirectory(prefix="xlser-") as folder:
        there = _Elsewhere(method, folder)
        try:
            yield there
        finally:
            there.end()


@contextmanager
def threads_for(track: Track) -> Iterator[None]:
    """Hold the frozen track at one thread: its networks are too small to share out.

    So its figures do not depend on the number of cores, and runs side by side do not wait for
    each other's threads.
    """
    before = torch.get_num_threads()
    try:
        if track == "frozen":
            torch.set_num_threads(1)
            with threadpool_limits(1, user_api="blas"):
                yield
        else:
            yield
    finally:
        torch.set_num_threads(before)


class _Here:
    """A method in this process."""

    def __init__(self, method: Method) -> None:
        self._method = method

    def fit(self, task: Task) -> None:
        self._task = task
        forget_peak_memory(task.device)
        seed_everything(derive(task.seed, self._method.name))
        with contained(), blamed(self._method, "fit"):
            fitted = self._method.fit(task)
        self._predictor = require_predictor(fitted, self._method)

    def predict(self, speech: Speech) -> Tensor:
        with contained(), blamed(self._method, "predict"):
            answer = self._predictor.predict(speech)
        return check_probabilities(answer, self._method, len(speech), self._task.classes)

    def peak_memory(self) -> Mapping[Memory, int]:
        return peak_memory(self._task.device)


class _Elsewhere:
    """A method in a process of its own.

    What it is told goes there pickled; what comes back are JSON and numbers, for nothing that a
    stranger's process sends may run here.
    """

    def __init__(self, method: Method, folder: str) -> None:
        self._method = method
        kind = carried(type(method))
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_be_called, args=(theirs,))
        with without_main_module():
            self._process.start()
        theirs.close()
        self._say((folder, kind, method.settings(), torch.get_num_threads()))
        self._hear("ready")

    def fit(self, task: Task) -> None:
        self._classes, self._progress = task.classes, task.progress
        self._say(replace(task, progress=_untold))
        self._hear("fitted")

    def predict(self, speech: Speech) -> Tensor:
        self._say(speech)
        shape = self._hear("predicted")["shape"]
        numbers = np.frombuffer(self._connection.recv_bytes(), dtype="<f4").reshape(shape).copy()
        return check_probabilities(
            torch.from_numpy(numbers), self._method, len(speech), self._classes
        )

    def peak_memory(self) -> Mapping[Memory, int]:
        self._say(None)
        most: Mapping[Memory, int] = self._hear("memory")["most"]
        return most

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _say(self, what: object) -> None:
        with suppress(OSError):  # of its death it is heard in its turn
            self._connection.send_bytes(pickle.dumps(what))

    def _hear(self, awaited: str) -> dict[str, Any]:
        """Take what it says until it is what is awaited.

        Raises:
            FailedElsewhereError: it failed.
            MethodError: its process ended.
        """
        try:
            while True:
                said: dict[str, Any] = json.loads(self._connection.recv_bytes())
                if said["kind"] == "epoch":
                    self._progress(int(said["done"]), int(said["total"]))
                elif said["kind"] == "failed":
                    raise FailedElsewhereError(Failure(str(said["said"]), str(said["trace"])))
                elif said["kind"] == awaited:
                    return said
        except (EOFError, OSError) as cause:
            self._process.join()
            raise MethodError(
                f"{described(self._method)} ended its process {how_ended(self._process.exitcode)}.",
                "What it said stands above.",
            ) from cause


def _untold(done: int, total: int) -> None:
    """Take progress and tell nobody."""


def _be_called(parent: Connection) -> None:
    """Be the process of one method: fit what comes first, then predict until no more comes."""
    end_with_the_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to act on
    for name in [name for name in os.environ if name.startswith("XLSER_")]:
        del os.environ[name]
    with suppress(EOFError, ConnectionError):  # the parent has heard enough
        try:
            _answer(parent)
        except (Exception, SystemExit) as error:
            if isinstance(error, EOFError | ConnectionError):
                raise
            failure = Failure.of(error)
            _tell(parent, "failed", said=failure.said, trace=failure.trace)


def _answer(parent: Connection) -> None:
    folder, kind, settings, threads = pickle.loads(parent.recv_bytes())
    os.chdir(folder)
    torch.set_num_threads(threads)
    method = _Here(arrived(kind)(**settings))
    _tell(parent, "ready")
    task: Task = pickle.loads(parent.recv_bytes())
    told = replace(task, progress=lambda done, n: _tell(parent, "epoch", done=done, total=n))
    with threads_for(task.track):
        method.fit(told)
        _tell(parent, "fitted")
        _predict_what_comes(method, parent)


def _predict_what_comes(method: _Here, parent: Connection) -> None:
    while True:
        speech = pickle.loads(parent.recv_bytes())
        if speech is None:
            _tell(parent, "memory", most=method.peak_memory())
            continue
        probabilities = method.predict(speech).cpu().numpy()
        _tell(parent, "predicted", shape=probabilities.shape)
        parent.send_bytes(probabilities.astype("<f4").tobytes())


def _tell(parent: Connection, kind: str, **what: object) -> None:
    parent.send_bytes(json.dumps({"kind": kind, **what}).encode())
