"""Calling a method under check: fit and predict on synthetic speech, as a run does."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

from torch import Tensor

from xlser.conformance.process_state import process_restored
from xlser.conformance.synthetic import CLASSES, make_task, taking_turns, utterances
from xlser.errors import MethodError
from xlser.methods.calls import check_probabilities, require_predictor, seed_everything
from xlser.methods.method import Method
from xlser.methods.speech import Speech
from xlser.methods.task import Predictor, Task
from xlser.methods.vocabulary import Attribute, Track


class Trial:
    """A method on one track, with the usual task and its answer to it.

    Attributes:
        method: the class.
        track: fine-tune or frozen.
        changed: names of the process state that calls of the method changed; it was restored.
    """

    def __init__(self, method: type[Method], track: Track) -> None:
        self.method = method
        self.track = track
        self.changed: set[str] = set()

    def task(self, **changes: Any) -> Task:
        """Return a new synthetic task of the method and the track.

        Args:
            changes: arguments of `make_task` that differ from their defaults.
        """
        return make_task(self.method, self.track, **changes)

    def test_speech(self) -> Speech:
        """Return 15 test utterances, made anew."""
        return utterances(self.track, taking_turns(15), seed=5, shift=0.3)

    @cached_property
    def predictor(self) -> Predictor:
        """The method, fitted to the usual task."""
        return self.fit(self.task())

    @cached_property
    def answer(self) -> Tensor:
        """Its probabilities for the test utterances, shape (utterances, classes)."""
        return self.predict(self.predictor, self.test_speech())

    def answer_after(self, task: Task, method: Method | None = None) -> Tensor:
        """Return the probabilities for the test utterances after a fit to `task`.

        Args:
            task: to fit to.
            method: the instance to fit; None for a fresh one.
        """
        return self.predict(self.fit(task, method), self.test_speech())

    def fit(self, task: Task, method: Method | None = None) -> Predictor:
        """Seed the generators and fit, as a run does.

        Raises:
            MethodError: `fit` raised an exception, or returned no predictor.
        """
        with self._watched("fit"):
            seed_everything(task.seed)
            method = method or self.method()
            fitted = method.fit(task)
        return require_predictor(fitted, method)

    def predict(self, predictor: Predictor, speech: Speech) -> Tensor:
        """Return probabilities, shape (utterances, classes).

        Raises:
            MethodError: `predict` raised an exception, or its answer is not probabilities.
        """
        with self._watched("predict"):
            answer = predictor.predict(speech)
        return check_probabilities(answer, self.method, len(speech), CLASSES)

    @contextmanager
    def _watched(self, function: str) -> Iterator[None]:
        try:
            with process_restored(self.changed):
                yield
        except (Exception, SystemExit) as error:
            what = f"{function} raised {type(error).__name__} {_location(error, self.method)}"
            why = str(getattr(error, "problem", error)).rstrip(".")
            raise MethodError(f"{what}: {why}.", _remedy(error)) from error


def _location(error: BaseException, method: type[Method]) -> str:
    """Return file and line of an error, in the method's own module if that is among the callers."""
    frames = traceback.extract_tb(error.__traceback__)
    module = getattr(sys.modules.get(method.__module__), "__file__", None)
    frame = ([frame for frame in frames if frame.filename == module] or frames)[-1]
    return f"({Path(frame.filename).name}, line {frame.lineno})"


def _remedy(error: BaseException) -> str:
    key = str(error).strip("'")
    if isinstance(error, KeyError) and key in get_args(Attribute):
        return f'A method that uses it states attributes = ("{key}",).'
    declare = "Repair it, or declare what the method needs (target_labels, least_labels, tracks)."
    return str(getattr(error, "remedy", declare))
