"""The contract as a suite of checks that anyone's method can be put through.

A check is a function whose name is its sentence in the report; it raises a `MethodError` where the
method fails it. Methods are fitted as in a run, to small synthetic tasks that hold exactly what
they declare; `Task.source_model` is None in all of them.
"""

import os
import random
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xlser.conformance.synthetic import (
    CLASSES,
    SCHEDULE,
    changed_parts,
    labelled,
    make_task,
    same_speech,
    taking_turns,
    utterances,
)
from xlser.errors import MethodError
from xlser.methods.calls import check_probabilities, require_predictor, seed_everything
from xlser.methods.declaration import DECLARATIONS
from xlser.methods.method import Method
from xlser.methods.speech import Speech
from xlser.methods.task import Predictor, Task
from xlser.methods.vocabulary import ATTRIBUTES, Track

_SAME = 1e-6  # between probabilities from the same computation
_CLOSE = 1e-4  # between probabilities from batches of other shapes


@dataclass(frozen=True)
class Check:
    """One check and how it went.

    Attributes:
        name: what the method does if it passes.
        track: on which it was tried; None where that makes no difference.
        fault: why it failed and what to do; None if it passed.
    """

    name: str
    track: Track | None
    fault: str | None

    def __str__(self) -> str:
        """Say it in a line."""
        where = f" ({self.track})" if self.track else ""
        return f"{self.name}{where}: {self.fault or 'passed'}"


@dataclass(frozen=True)
class Report:
    """What became of a method in the suite.

    Attributes:
        method: its name.
        checks: all that were tried.
    """

    method: str
    checks: tuple[Check, ...]

    @property
    def faults(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.fault)

    @property
    def passed(self) -> bool:
        """Whether none failed."""
        return not self.faults

    def __str__(self) -> str:
        """List the faults, one a line."""
        verdict = f"{self.method}: {len(self.faults)} of {len(self.checks)} checks failed"
        return "\n".join([verdict, *map(str, self.faults)])


def check_method(method: type[Method]) -> Report:
    """Put a method through the suite, on every track it states; a few seconds.

    Without sound declarations no task can be made, and a method that does not answer the usual
    task answers no other: there the suite ends.
    """
    checks = [_tried(check, method) for check in DECLARATIONS]
    if not any(check.fault for check in checks):
        with _generators_kept(), _process_kept():
            torch.set_num_threads(2)  # so that a method that sets it to one is noticed
            for track in method.tracks:
                checks += _on_track(method, track)
    return Report(str(getattr(method, "name", method.__qualname__)), tuple(checks))


def _on_track(method: type[Method], track: Track) -> list[Check]:
    trial = Trial(method, track)
    first = _tried(answers_every_utterance_with_probabilities, trial, track)
    if first.fault:
        return [first]
    return [first, *(_tried(check, trial, track) for check in _further_checks(method, track))]


def _tried(check: Callable[[Any], None], subject: object, track: Track | None = None) -> Check:
    name = check.__name__.replace("_", " ")
    try:
        check(subject)
    except MethodError as fault:
        return Check(name, track, f"{fault.problem} {fault.remedy}")
    return Check(name, track, None)


class Trial:
    """A method on one track: what it is fitted to and asked, and what it answered.

    Attributes:
        method: the class.
        track: fine-tune or frozen.
        changed: what calls of the method changed in the process; it was changed back.
    """

    def __init__(self, method: type[Method], track: Track) -> None:
        self.method = method
        self.track = track
        self.changed: set[str] = set()

    def task(self, **changes: Any) -> Task:
        """Return the usual task, made anew; `changes` as `make_task` takes them."""
        return make_task(self.method, self.track, **changes)

    def heard(self) -> Speech:
        """Return 15 utterances to be recognised, made anew."""
        return utterances(self.track, taking_turns(15), seed=5, shift=0.3)

    @cached_property
    def predictor(self) -> Predictor:
        """What comes of the usual task."""
        return self.fit(self.task())

    @cached_property
    def answer(self) -> Tensor:
        """The probabilities it gives for the utterances to be recognised."""
        return self.predict(self.predictor, self.heard())

    def answer_after(self, task: Task, method: Method | None = None) -> Tensor:
        """Return the probabilities after a fit to `task`, of a fresh method unless one is given."""
        return self.predict(self.fit(task, method), self.heard())

    def fit(self, task: Task, method: Method | None = None) -> Predictor:
        """Fit as a run does.

        Raises:
            MethodError: `fit` raised something, or returned no predictor.
        """
        with self._called("fit"):
            seed_everything(task.seed)
            method = method or self.method()
            fitted = method.fit(task)
        return require_predictor(fitted, method)

    def predict(self, predictor: Predictor, speech: Speech) -> Tensor:
        """Return probabilities, shape (utterances, classes).

        Raises:
            MethodError: `predict` raised something, or its answer is not probabilities.
        """
        with self._called("predict"):
            answer = predictor.predict(speech)
        return check_probabilities(answer, self.method, len(speech), CLASSES)

    @contextmanager
    def _called(self, function: str) -> Iterator[None]:
        try:
            with _process_kept(self.changed):
                yield
        except (Exception, SystemExit) as error:
            what = f"{function} raised {type(error).__name__} {_place(error, self.method)}"
            why = str(getattr(error, "problem", error)).rstrip(".")
            raise MethodError(f"{what}: {why}.", _remedy(error)) from error


def _place(error: BaseException, method: type[Method]) -> str:
    """Say where it was raised: in the method's own module, if that is among the callers."""
    frames = traceback.extract_tb(error.__traceback__)
    module = getattr(sys.modules.get(method.__module__), "__file__", None)
    frame = ([frame for frame in frames if frame.filename == module] or frames)[-1]
    return f"({Path(frame.filename).name}, line {frame.lineno})"


def _remedy(error: BaseException) -> str:
    key = str(error).strip("'")
    if isinstance(error, KeyError) and key in ATTRIBUTES:
        return f'A method that uses it states attributes = ("{key}",).'
    declare = "Mend it, or declare what the method needs (target_labels, least_labels, tracks)."
    return str(getattr(error, "remedy", declare))


def answers_every_utterance_with_probabilities(trial: Trial) -> None:
    """A row an utterance, a column a class, finite, not negative, summing to one."""
    _ = trial.answer


def answers_the_same_for_the_same_seed(trial: Trial) -> None:
    """So that a record can be made again."""
    _require_same(
        trial.answer_after(trial.task()),
        trial.answer,
        "Two fresh instances, fitted to one task under one seed, answer differently",
        "Draw from the global generators of torch, numpy and random, which are seeded before fit, "
        "or from one seeded with task.seed.",
    )


def runs_under_another_seed(trial: Trial) -> None:
    """It may answer differently."""
    trial.answer_after(trial.task(seed=1))


def keeps_nothing_from_one_fit_to_the_next(trial: Trial) -> None:
    """So that no run depends on those before it."""
    method = trial.method()
    trial.fit(trial.task(seed=1, unlabelled=5), method)
    _require_same(
        trial.answer_after(trial.task(), method),
        trial.answer,
        "An instance that was fitted to another task before answers otherwise than a fresh one",
        "Begin every fit from nothing, and keep no state in the class or the module.",
    )


def uses_no_attribute_that_it_does_not_declare(trial: Trial) -> None:
    """Leaderboards show what a method was told."""
    _require_same(
        trial.answer_after(trial.task(attributes=tuple(ATTRIBUTES))),
        trial.answer,
        "It answers otherwise where speech carries attributes that it does not declare",
        f"Name those it uses in `attributes`: {', '.join(ATTRIBUTES)}.",
    )


def leaves_its_task_as_it_was(trial: Trial) -> None:
    """The speech of a task is shared by all runs."""
    task = trial.task()
    trial.fit(task)
    changed = changed_parts(task, trial.task())
    if changed:
        raise MethodError(f"fit changed task.{', task.'.join(changed)} in place.", "Clone first.")


def leaves_the_speech_to_be_recognised_as_it_was(trial: Trial) -> None:
    """It, too, is shared by all runs."""
    speech = trial.heard()
    trial.predict(trial.predictor, speech)
    if not same_speech(speech, trial.heard()):
        raise MethodError("predict changed its speech in place.", "Clone first.")


def answers_the_same_when_asked_twice(trial: Trial) -> None:
    """Predicting is no training, and leaves nothing to chance."""
    _require_same(
        trial.predict(trial.predictor, trial.heard()),
        trial.answer,
        "Asked again, the predictor answers otherwise",
        "Leave out dropout and other draws (model.eval()), and learn nothing in predict.",
    )


def answers_one_utterance_at_a_time_as_in_a_batch(trial: Trial) -> None:
    """A row may depend on its utterance alone."""
    speech = trial.heard()
    rows = [trial.predict(trial.predictor, speech[torch.tensor([i])]) for i in range(len(speech))]
    _require_close(torch.cat(rows), trial.answer, "Utterances alone are answered otherwise")


def answers_part_of_a_batch_as_the_whole(trial: Trial) -> None:
    """A row may depend on its utterance alone."""
    part = torch.arange(0, len(trial.heard()), 3)
    answer = trial.predict(trial.predictor, trial.heard()[part])
    _require_close(answer, trial.answer[part], "Part of a batch is answered otherwise")


def answers_the_same_in_any_order(trial: Trial) -> None:
    """Rows come in the order of the utterances."""
    backwards = torch.arange(len(trial.heard())).flip(0)
    answer = trial.predict(trial.predictor, trial.heard()[backwards])
    _require_close(answer, trial.answer[backwards], "In another order they are answered otherwise")


def answers_utterances_shorter_than_a_crop_and_much_longer(trial: Trial) -> None:
    """From one frame to thirty crops."""
    lengths = torch.tensor([1, SCHEDULE.crop // 2, 30 * SCHEDULE.crop])
    speech = utterances(trial.track, taking_turns(3), seed=6, shift=0.3, lengths=lengths)
    trial.predict(trial.predictor, speech)


def runs_without_source_validation_speech(trial: Trial) -> None:
    """A source corpus of two speakers leaves none for it."""
    trial.answer_after(replace(trial.task(), source_validation=labelled(trial.track, 0, seed=2)))


def runs_at_its_least_label_budget(trial: Trial) -> None:
    """Which may be no label at all."""
    trial.answer_after(trial.task(emotions=taking_turns(trial.method.least_labels)))


def runs_with_a_single_labelled_target_utterance(trial: Trial) -> None:
    """Then four classes are without a label."""
    trial.answer_after(trial.task(emotions=taking_turns(1)))


def runs_with_a_class_absent_from_the_target_labels(trial: Trial) -> None:
    """As may be where utterances are excluded."""
    emotions = trial.task().target_labelled.emotion % (len(CLASSES) - 1)
    trial.answer_after(trial.task(emotions=emotions))


def runs_with_a_single_unlabelled_target_utterance(trial: Trial) -> None:
    """Means and variances over them must hold."""
    trial.answer_after(trial.task(unlabelled=1))


def leaves_the_process_as_it_was(trial: Trial) -> None:
    """The runs after it share the process; this check looks back at all calls."""
    if trial.changed:
        raise MethodError(
            f"fit or predict changed the {', the '.join(sorted(trial.changed))} and left it so.",
            "Set it back: the runs that follow would go on with it.",
        )


def _further_checks(method: type[Method], track: Track) -> list[Callable[[Trial], None]]:
    """Return the checks that apply to a method on a track."""
    checks = [
        answers_the_same_for_the_same_seed,
        runs_under_another_seed,
        keeps_nothing_from_one_fit_to_the_next,
        uses_no_attribute_that_it_does_not_declare,
        leaves_its_task_as_it_was,
        leaves_the_speech_to_be_recognised_as_it_was,
        answers_the_same_when_asked_twice,
        answers_one_utterance_at_a_time_as_in_a_batch,
        answers_part_of_a_batch_as_the_whole,
        answers_the_same_in_any_order,
        runs_without_source_validation_speech,
    ]
    if track == "finetune":
        checks.append(answers_utterances_shorter_than_a_crop_and_much_longer)
    if method.target_labels == "few":
        checks.append(runs_at_its_least_label_budget)
    if method.target_labels != "none":
        checks.append(runs_with_a_class_absent_from_the_target_labels)
    if method.target_labels != "none" and method.least_labels <= 1:
        checks.append(runs_with_a_single_labelled_target_utterance)
    if method.target_labels != "all":
        checks.append(runs_with_a_single_unlabelled_target_utterance)
    return [*checks, leaves_the_process_as_it_was]


def _require_same(answer: Tensor, expected: Tensor, problem: str, remedy: str) -> None:
    _require_within(_SAME, answer, expected, problem, remedy)


def _require_close(answer: Tensor, expected: Tensor, problem: str) -> None:
    remedy = "Normalise by statistics from fit, not by those of the batch, and mask padding."
    _require_within(_CLOSE, answer, expected, problem, remedy)


def _require_within(
    bound: float, answer: Tensor, expected: Tensor, problem: str, remedy: str
) -> None:
    difference = float((answer - expected).abs().max())
    if difference > bound:
        raise MethodError(f"{problem}: probabilities differ by up to {difference:.2g}.", remedy)


_PROCESS: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
    "default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "default device": (torch.get_default_device, torch.set_default_device),
    "gradient mode": (torch.is_grad_enabled, torch.set_grad_enabled),
    "deterministic flag": (
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    "number of threads": (torch.get_num_threads, torch.set_num_threads),
    "working folder": (Path.cwd, os.chdir),
}
"""What all runs share: how to read it and how to set it."""


@contextmanager
def _process_kept(changed: set[str] | None = None) -> Iterator[None]:
    """Undo what the block does to the process, and add what that was to `changed`."""
    before = {name: read() for name, (read, _) in _PROCESS.items()}
    try:
        yield
    finally:
        for name, (read, restore) in _PROCESS.items():
            if read() != before[name]:
                restore(before[name])
                if changed is not None:
                    changed.add(name)


@contextmanager
def _generators_kept() -> Iterator[None]:
    """Leave the global random generators as they were."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
