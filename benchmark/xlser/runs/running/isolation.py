"""Running a method in this process, or sealed: in a process of its own that holds only the task."""

import json
import pickle
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xlser.errors import MethodError
from xlser.methods import EpochScores, Method, Predictor, Speech, Task
from xlser.methods.calls import check_probabilities, described
from xlser.methods.origin import is_packaged
from xlser.methods.provenance.owned import is_owned
from xlser.methods.transport import carried
from xlser.records.record import Memory
from xlser.runs.failures import Failure, RemoteError
from xlser.runs.processes import how_ended
from xlser.runs.running.in_process import InThisProcess, RunningMethod
from xlser.runs.unlabelled.tally import PARTS
from xlser.sealing.template import SealedProcess, means, sealed_process
from xlser.system.memory import memory_at_hand

_REPLY = 1 << 28  # bytes: the most that is read of a reply


@contextmanager
def running_method(
    method: Method,
    isolate: bool,
    secret: Collection[Path] = (),
    device: torch.device | None = None,
    seconds: float | None = None,
    keep: Callable[[Predictor], None] = lambda predictor: None,
) -> Iterator[RunningMethod]:
    """Make a fresh method for the block.

    Args:
        method: class and hyper-parameters.
        isolate: whether it runs in a process of its own, which ends with the block.
        secret: files and folders that such a process must not see.
        device: of training.
        seconds: that such a process may take.
        keep: called with the fitted method where it runs in this process.
    """
    if not isolate:
        yield InThisProcess(type(method)(**method.settings()), keep)
        return
    gpu = device is not None and device.type == "cuda"
    kind = carried(type(method))
    with sealed_process(secret, gpu, memory_at_hand(), seconds) as process:
        yield _Sealed(method, kind, process)


def is_sealed_by_default(method: Method) -> bool:
    """Return whether a method is isolated if neither `--isolate` nor `--no-isolate` is given.

    One that is not of this distribution is, where there is a sandbox, unless its class cannot be
    sent to another process.
    """
    if is_of_this_distribution(method) or means().how == "none":
        return False
    try:
        carried(type(method))
    except MethodError:
        return False
    return True


def is_of_this_distribution(method: Method) -> bool:
    """Return whether a method is one that comes with the suite."""
    return is_packaged(type(method)) and is_owned(method.name)


class _Sealed:
    """A method in a process of its own.

    Requests are pickled. Replies are JSON and raw numbers, because unpickling a reply could run
    the method's code in this process.
    """

    def __init__(self, method: Method, kind: str | bytes, process: SealedProcess) -> None:
        self._method = method
        self._process = process
        self._send((kind, method.settings(), torch.get_num_threads()))
        self._receive("ready")

    def fit(self, task: Task) -> None:
        self._classes, self._progress = task.classes, task.progress
        self._unlabelled = len(task.target_unlabelled)
        self._send(replace(task, progress=_ignore))
        self._receive("fitted")

    def predict(self, speech: Speech) -> Tensor:
        self._send(speech)
        shape = self._receive("predicted")["shape"]
        return check_probabilities(self._numbers(shape), self._method, len(speech), self._classes)

    def pseudo_labels(self) -> Tensor | None:
        self._send("pseudo-labels")
        if not self._receive("pseudo-labels")["any"]:
            return None
        return self._numbers((2, PARTS, self._unlabelled, len(self._classes)))

    def epochs(self) -> Sequence[EpochScores]:
        self._send("epochs")
        with self._answering():
            stated = self._receive("epochs")["scores"]
            return [EpochScores(float(ua), float(accuracy)) for ua, accuracy in stated]

    def peak_memory(self) -> Mapping[Memory, int]:
        self._send("memory")
        most: Mapping[Memory, int] = self._receive("memory")["most"]
        return most

    def _send(self, request: object) -> None:
        with suppress(OSError):  # a process that died is noticed in `_receive`
            self._process.connection.send_bytes(pickle.dumps(request))

    def _numbers(self, shape: Sequence[int]) -> Tensor:
        """Return numbers that follow a reply, float32.

        Raises:
            MethodError: the process ended, or what it sends is not of that shape.
        """
        with self._answering():
            content = self._process.connection.recv_bytes(_REPLY)
            return torch.from_numpy(np.frombuffer(content, dtype="<f4").reshape(shape).copy())

    def _receive(self, awaited: str) -> dict[str, Any]:
        """Return the next reply of the kind `awaited`; report progress until then.

        Raises:
            RemoteError: the method failed.
            MethodError: its process ended, or what it sends is not a reply.
        """
        with self._answering():
            while True:
                reply = json.loads(self._process.connection.recv_bytes(_REPLY))
                if reply["kind"] == "epoch":
                    self._progress(int(reply["done"]), int(reply["total"]))
                elif reply["kind"] == "failed":
                    raise RemoteError(Failure(str(reply["message"]), str(reply["trace"])))
                elif reply["kind"] == awaited:
                    found: dict[str, Any] = reply
                    return found

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Put into words what goes wrong where a reply is awaited."""
        try:
            yield
        except (EOFError, OSError) as cause:
            outcome = self._process.outcome()
            ended = f"ended its process {how_ended(outcome.code)}"
            raise MethodError(
                f"{described(self._method)} {f'took {outcome.over}' if outcome.over else ended}.",
                "Its output is above.",
            ) from cause
        except (ValueError, KeyError, TypeError) as cause:
            raise MethodError(
                f"{described(self._method)} sent what is not a reply ({cause}).",
                "Let it leave the files alone that its process has open.",
            ) from cause


def _ignore(done: int, total: int) -> None:
    """Do nothing."""
