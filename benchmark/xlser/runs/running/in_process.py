"""A method that runs: in this process, called as the suite calls every method."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from xlser.methods import EpochScores, Method, Predictor, Speech, Task, Track
from xlser.methods.calls import (
    blamed,
    check_probabilities,
    contained,
    require_predictor,
    seed_everything,
)
from xlser.records.record import Memory
from xlser.runs.environment import forget_peak_memory, peak_memory
from xlser.runs.unlabelled.tally import Tally
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

    def pseudo_labels(self) -> Tensor | None:
        """Return what the fit reported of pseudo-labels, as `Tally.sums` does."""

    def epochs(self) -> Sequence[EpochScores]:
        """Return the scores that the fit reported after its epochs."""


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


class InThisProcess:
    """A method in this process."""

    def __init__(
        self, method: Method, keep: Callable[[Predictor], None] = lambda predictor: None
    ) -> None:
        self._method = method
        self._keep = keep

    def fit(self, task: Task) -> None:
        """Fit the method, seeded."""
        self._task = task
        self._tally = Tally(len(task.target_unlabelled), len(task.classes), task.device)
        self._epochs: list[EpochScores] = []
        task = replace(task, report=self._tally.add, watch=self._epochs.append)
        forget_peak_memory(task.device)
        seed_everything(derive(task.seed, self._method.name))
        with contained(), blamed(self._method, "fit"):
            fitted = self._method.fit(task)
        self._predictor = require_predictor(fitted, self._method)
        self._keep(self._predictor)

    def predict(self, speech: Speech) -> Tensor:
        """Return class probabilities that were looked at."""
        with contained(), blamed(self._method, "predict"):
            answer = self._predictor.predict(speech)
        return check_probabilities(answer, self._method, len(speech), self._task.classes)

    def peak_memory(self) -> Mapping[Memory, int]:
        """Return the peak memory of this process since the fit began, in MiB."""
        return peak_memory(self._task.device)

    def pseudo_labels(self) -> Tensor | None:
        """Return what the fit reported of pseudo-labels."""
        with blamed(self._method, "Task.report"):
            return self._tally.sums()

    def epochs(self) -> Sequence[EpochScores]:
        """Return the scores that the fit reported after its epochs."""
        return self._epochs
