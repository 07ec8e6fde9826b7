"""Runs side by side: workers are processes that take one run after the other."""

import multiprocessing
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from xlser.errors import ResultsError, WorkerError
from xlser.runs.processes import end_with_the_parent, how_ended

# A worker watches its parent from its first moment on; what takes seconds to import comes later.
if TYPE_CHECKING:
    from xlser.runs.execute import Ending, Events, Shared
    from xlser.runs.plan import Run

_EVERY = 1.0  # seconds between two words of a worker on its epochs


def side_by_side(
    shared: "Shared", runs: Sequence["Run"], jobs: int, events: "Events"
) -> Generator[tuple["Run", "Ending"]]:
    """Yield each run with how it ended, as they end.

    A run that takes its worker's process along has failed, and one that takes longer than
    `shared.timeout` is ended with it; another worker goes on. No worker outlives the iteration, nor
    this process.

    Args:
        shared: what the runs have in common.
        runs: what is to do.
        jobs: number of workers.
        events: told of starts and epochs.

    Raises:
        WorkerError: workers do not start here.
        ResultsError: a record cannot be written.
    """
    todo = deque(_one_of_each_seed_first(runs))
    by_key = {run.key: run for run in runs}
    job = pickle.dumps((shared, jobs))
    workers: list[_Worker] = []
    try:
        workers += (_Worker(job) for _ in range(min(jobs, len(todo))))
        while workers:
            for worker in _heard_from(workers, shared.timeout):
                kind, word = worker.hear()
                if kind == "stopped":
                    raise ResultsError(*word)
                if kind == "epoch":
                    events.epoch(*word)
                elif kind == "died":
                    workers.remove(worker)
                    yield worker.obituary(shared.timeout)
                    if todo:
                        workers.append(_Worker(job))
                else:
                    if kind == "ended":
                        key, ending = word
                        yield by_key[key], ending
                    if todo:
                        worker.take(todo.popleft(), events)
                    else:
                        workers.remove(worker)
                        worker.kill()
    finally:
        for worker in workers:
            worker.kill()


def _one_of_each_seed_first(runs: Sequence["Run"]) -> list["Run"]:
    """Let the seeds' source models be trained side by side: who needs the same one waits for it."""
    firsts: dict[int, Run] = {}
    for run in runs:
        if run.method.needs_source_model:
            firsts.setdefault(run.scenario.seed, run)
    others = [run for run in runs if run is not firsts.get(run.scenario.seed)]
    return [*firsts.values(), *others]


class _Worker:
    """A worker as its parent sees it.

    Attributes:
        connection: to the worker.
        run: the one it is at, or was last; None before its first.
        began: when it began that, seconds of the monotonic clock; None while it has not.
    """

    def __init__(self, job: bytes) -> None:
        self._job = job
        self.run: Run | None = None
        self.began: float | None = None
        self._overdue = False
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,))
        with _interrupts_ignored():
            self._process.start()
        theirs.close()

    def take(self, run: "Run", events: "Events") -> None:
        """Hand it a run, and before its first what all have in common.

        Both only now that it listens: a pipe holds less, and its parent is not to wait. A method
        goes by its name, for a class need not travel well.
        """
        events.started(run)
        with suppress(OSError):  # of its death it is heard in its turn
            if self.run is None:
                self.connection.send_bytes(self._job)
            self.run, self.began = run, None
            words = (run.scenario, run.track, run.precision, run.repeat, run.identity)
            self.connection.send(words)

    def hear(self) -> tuple[str, Any]:
        """Return what it says and what belongs to it.

        That is "free", "epoch", "ended", "stopped" (results cannot be written) or "died".
        """
        try:
            said: tuple[str, Any] = self.connection.recv()
        except (EOFError, OSError):
            return "died", None
        if self.began is None and said[0] == "epoch":
            self.began = time.monotonic()
        return said

    def end_if_overdue(self, timeout: float) -> None:
        """End its process if its run takes longer than `timeout`, seconds."""
        if self.began is not None and time.monotonic() - self.began > timeout:
            self._overdue = True
            self._process.kill()

    def obituary(self, timeout: float | None) -> tuple["Run", "Ending"]:
        """Return the run that it died at, and the failure that means.

        Raises:
            WorkerError: it died before it had any.
        """
        from xlser.methods.calls import described
        from xlser.runs.calling import Failure

        self._process.join()
        how = how_ended(self._process.exitcode)
        if self.run is None:
            raise WorkerError(
                f"A worker process ended {how} before its first run.",
                "What it said stands above; --jobs 1 does without workers.",
            )
        said = f"{described(self.run.method)} ended its process {how}."
        if self._overdue:
            said = f"{described(self.run.method)} took longer than the timeout of {timeout:g} s."
        return self.run, Failure(f"WorkerError: {said}", said)

    def kill(self) -> None:
        """End its process, whatever it is at."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _heard_from(workers: Sequence[_Worker], timeout: float | None) -> list[_Worker]:
    """Wait until some have something to say, or have died; return these.

    With a timeout wait no longer than a moment, and end those whose run takes longer than that.
    """
    if timeout is not None:
        for worker in workers:
            worker.end_if_overdue(timeout)
    ready = wait([worker.connection for worker in workers], None if timeout is None else _EVERY)
    return [worker for worker in workers if worker.connection in ready]


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Let processes begun in the block ignore Ctrl-C, which is for their parent to act on."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's business
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _work(parent: Connection) -> None:
    """Be a worker: run what the parent sends until it sends no more."""
    end_with_the_parent()
    import torch

    from xlser.methods import get_method
    from xlser.runs.plan import Run

    with suppress(EOFError, ConnectionError):  # the parent is gone
        parent.send(("free", None))
        shared, jobs = pickle.loads(parent.recv_bytes())
        torch.set_num_threads(max(1, torch.get_num_threads() // jobs))
        while True:
            scenario, track, precision, repeat, identity = parent.recv()
            method = get_method(identity["method"])(**identity["settings"])
            run = Run(method, scenario, track, precision, repeat, identity)
            parent.send(("epoch", (run.key, 0, 1)))  # it begins
            try:
                ending = shared.attempt(run, _Teller(parent, run.key))
                parent.send(("ended", (run.key, ending)))
            except ResultsError as error:
                parent.send(("stopped", (error.problem, error.remedy)))


class _Teller:
    """Tells the parent of epochs, now and then: it has other workers to hear."""

    def __init__(self, parent: Connection, key: str) -> None:
        self._parent = parent
        self._key = key
        self._spoke = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._spoke > _EVERY:
            self._spoke = time.monotonic()
            self._parent.send(("epoch", (self._key, done, total)))
