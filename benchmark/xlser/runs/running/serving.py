"""The method's end of a sealed run: it fits the task that arrives, and predicts what follows."""

import json
import pickle
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection

import torch

from xlser.methods import Task
from xlser.methods.transport import arrived
from xlser.runs.failures import Failure
from xlser.runs.running.in_process import InThisProcess, threads_for


def serve(channel: int) -> None:
    """Run one method in this process, for the suite at the other end of `channel`.

    Args:
        channel: number of an open socket.
    """
    suite = Connection(channel)
    with suppress(EOFError, ConnectionError):  # the suite needs no more
        try:
            _fit_and_predict(suite)
        except (Exception, SystemExit) as error:
            if isinstance(error, EOFError | ConnectionError):
                raise
            failure = Failure.of(error)
            _reply(suite, "failed", message=failure.message, trace=failure.trace)


def _fit_and_predict(suite: Connection) -> None:
    kind, settings, threads = pickle.loads(suite.recv_bytes())
    torch.set_num_threads(threads)
    method = InThisProcess(arrived(kind)(**settings))
    _reply(suite, "ready")
    task: Task = pickle.loads(suite.recv_bytes())
    task = replace(task, progress=lambda done, n: _reply(suite, "epoch", done=done, total=n))
    with threads_for(task.track):
        method.fit(task)
        _reply(suite, "fitted")
        _predict_requests(method, suite)


def _predict_requests(method: InThisProcess, suite: Connection) -> None:
    while True:
        request = pickle.loads(suite.recv_bytes())
        if request == "memory":
            _reply(suite, "memory", most=method.peak_memory())
            continue
        if request == "epochs":
            scores = [(epoch.ua, epoch.accuracy) for epoch in method.epochs()]
            _reply(suite, "epochs", scores=scores)
            continue
        if request == "pseudo-labels":
            sums = method.pseudo_labels()
            _reply(suite, "pseudo-labels", any=sums is not None)
            if sums is not None:
                suite.send_bytes(sums.numpy().astype("<f4").tobytes())
            continue
        probabilities = method.predict(request).cpu().numpy()
        _reply(suite, "predicted", shape=probabilities.shape)
        suite.send_bytes(probabilities.astype("<f4").tobytes())


def _reply(suite: Connection, kind: str, **content: object) -> None:
    suite.send_bytes(json.dumps({"kind": kind, **content}).encode())
