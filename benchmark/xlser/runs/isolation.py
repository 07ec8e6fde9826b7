"""Running a method in this process, or in a process of its own that holds only the task."""

import json
import multiprocessing
import os
import pickle
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any, Protocol

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from xlser.errors import MethodError
from xlser.methods import Method, Predictor, Speech, Task, Track
from xlser.methods.calls import (
    blamed,
    check_probabilities,
    contained,
    described,
    require_predictor,
    seed_everything,
)
from xlser.methods.transport import arrived, carried
from xlser.records.record import Memory
from xlser.runs.environment import forget_peak_memory, peak_memory
from xlser.runs.failures import Failure, RemoteError
from xlser.runs.processes import end_with_the_parent, how_ended, without_main_module
from xlser.training import derive


class RunningMethod(Protocol):
    """A fresh method that fits once and then predicts."""

    def fit(self, task: Task) -> None:
        """Fit the method.

        Raises:
            MethodError: it broke its contract.
        """

    def predict(self, speech: Speech) -> Tensor:
        """Return class probabilities, shape (utterances, classes), float32.

        Raises:
            MethodError: it broke its contract.
        """

    def peak_memory(self) -> Mapping[Memory, int]:
        """Return the peak memory of its process since the fit began, in MiB."""


@contextmanager
def running_method(
    method: Method, isolate: bool, keep: Callable[[Predictor], None] = lambda predictor: None
) -> Iterator[RunningMethod]:
    """Make a fresh method for the block.

    Args:
        method: class and hyper-parameters.
        isolate: whether it runs in a process of its own, which ends with the block.
        keep: called with the fitted method where it runs in this process.
    """
    if not isolate:
        yield _InThisProcess(type(method)(**method.settings()), keep)
        return
    with tempfile.TemporaryDirectory(prefix="xlser-") as folder:
        isolated = _InOwnProcess(method, folder)
        try:
            yield isolated
        finally:
            isolated.end()


@contextmanager
def threads_for(track: Track) -> Iterator[None]:
    """Limit torch and BLAS to one thread on the frozen track, whose networks are small.

    Results then do not depend on the number of cores, and parallel runs do not compete for them.
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


class _InThisProcess:
    """A method in this process."""

    def __init__(
        self, method: Method, keep: Callable[[Predictor], None] = lambda predictor: None
    ) -> None:
        self._method = method
        self._keep = keep

    def fit(self, task: Task) -> None:
        self._task = task
        forget_peak_memory(task.device)
        seed_everything(derive(task.seed, self._method.name))
        with contained(), blamed(self._method, "fit"):
            fitted = self._method.fit(task)
        self._predictor = require_predictor(fitted, self._method)
        self._keep(self._predictor)

    def predict(self, speech: Speech) -> Tensor:
        with contained(), blamed(self._method, "predict"):
            answer = self._predictor.predict(speech)
        return check_probabilities(answer, self._method, len(speech), self._task.classes)

    def peak_memory(self) -> Mapping[Memory, int]:
        return peak_memory(self._task.device)


class _InOwnProcess:
    """A method in a process of its own.

    Requests are pickled. Replies are JSON and raw numbers, because unpickling a reply could run
    the method's code in this process.
    """

    def __init__(self, method: Method, folder: str) -> None:
        self._method = method
        kind = carried(type(method))
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,))
        with without_main_module():
            self._process.start()
        theirs.close()
        self._send((folder, kind, method.settings(), torch.get_num_threads()))
        self._receive("ready")

    def fit(self, task: Task) -> None:
        self._classes, self._progress = task.classes, task.progress
        self._send(replace(task, progress=_ignore))
        self._receive("fitted")

    def predict(self, speech: Speech) -> Tensor:
        self._send(speech)
        shape = self._receive("predicted")["shape"]
        numbers = np.frombuffer(self._connection.recv_bytes(), dtype="<f4").reshape(shape).copy()
        return check_probabilities(
            torch.from_numpy(numbers), self._method, len(speech), self._classes
        )

    def peak_memory(self) -> Mapping[Memory, int]:
        self._send(None)
        most: Mapping[Memory, int] = self._receive("memory")["most"]
        return most

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _send(self, request: object) -> None:
        with suppress(OSError):  # a process that died is noticed in `_receive`
            self._connection.send_bytes(pickle.dumps(request))

    def _receive(self, awaited: str) -> dict[str, Any]:
        """Return the next reply of the kind `awaited`; report progress until then.

        Raises:
            RemoteError: the method failed.
            MethodError: its process ended.
        """
        try:
            while True:
                reply: dict[str, Any] = json.loads(self._connection.recv_bytes())
                if reply["kind"] == "epoch":
                    self._progress(int(reply["done"]), int(reply["total"]))
                elif reply["kind"] == "failed":
                    raise RemoteError(Failure(str(reply["said"]), str(reply["trace"])))
                elif reply["kind"] == awaited:
                    return reply
        except (EOFError, OSError) as cause:
            self._process.join()
            raise MethodError(
                f"{described(self._method)} ended its process {how_ended(self._process.exitcode)}.",
                "What it said stands above.",
            ) from cause


def _ignore(done: int, total: int) -> None:
    """Do nothing."""


def _serve(parent: Connection) -> None:
    """Run one method in this process: fit the task that arrives, then predict what follows."""
    end_with_the_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    for name in [name for name in os.environ if name.startswith("XLSER_")]:
        del os.environ[name]
    with suppress(EOFError, ConnectionError):  # the parent needs no more
        try:
            _fit_and_predict(parent)
        except (Exception, SystemExit) as error:
            if isinstance(error, EOFError | ConnectionError):
                raise
            failure = Failure.of(error)
            _reply(parent, "failed", said=failure.said, trace=failure.trace)


def _fit_and_predict(parent: Connection) -> None:
    folder, kind, settings, threads = pickle.loads(parent.recv_bytes())
    os.chdir(folder)
    torch.set_num_threads(threads)
    method = _InThisProcess(arrived(kind)(**settings))
    _reply(parent, "ready")
    task: Task = pickle.loads(parent.recv_bytes())
    task = replace(task, progress=lambda done, n: _reply(parent, "epoch", done=done, total=n))
    with threads_for(task.track):
        method.fit(task)
        _reply(parent, "fitted")
        _predict_requests(method, parent)


def _predict_requests(method: _InThisProcess, parent: Connection) -> None:
    while True:
        speech = pickle.loads(parent.recv_bytes())
        if speech is None:
            _reply(parent, "memory", most=method.peak_memory())
            continue
        probabilities = method.predict(speech).cpu().numpy()
        _reply(parent, "predicted", shape=probabilities.shape)
        parent.send_bytes(probabilities.astype("<f4").tobytes())


def _reply(parent: Connection, kind: str, **content: object) -> None:
    parent.send_bytes(json.dumps({"kind": kind, **content}).encode())
