"""The checks of the contract that fit a method and ask it.

The name of a check is its sentence in the report. A check raises a `MethodError` if the method
fails it. Methods are fitted as in a run, to small synthetic tasks that hold exactly what they
declare; `Task.source_model` is None in all of them.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import torch
from torch import Tensor

from xlser.conformance.synthetic import (
    CLASSES,
    SCHEDULE,
    changed_parts,
    labelled,
    same_speech,
    taking_turns,
    utterances,
    without_dead_dimensions,
)
from xlser.conformance.trial import Trial
from xlser.errors import MethodError
from xlser.methods.method import Method
from xlser.methods.vocabulary import Attribute, Track

_SAME = 1e-6  # between probabilities from the same computation
_CLOSE = 1e-4  # between probabilities from batches of other shapes


def answers_every_utterance_with_probabilities(trial: Trial) -> None:
    """Probabilities have one row per utterance and one column per class, and rows sum to one."""
    _ = trial.answer


def answers_the_same_for_the_same_seed(trial: Trial) -> None:
    """Two fits under one seed answer the same: a record can be made again."""
    _require_same(
        trial.answer_after(trial.task()),
        trial.answer,
        "Two fresh instances, fitted to one task under one seed, answer differently",
        "Draw from the global generators of torch, numpy and random, which are seeded before fit, "
        "or from one seeded with task.seed.",
    )


def runs_under_another_seed(trial: Trial) -> None:
    """The method fits under another seed; its answers may differ."""
    trial.answer_after(trial.task(seed=1))


def keeps_nothing_from_one_fit_to_the_next(trial: Trial) -> None:
    """A second fit answers as the first: no run depends on those before it."""
    method = trial.method()
    trial.fit(trial.task(seed=1, unlabelled=5), method)
    _require_same(
        trial.answer_after(trial.task(), method),
        trial.answer,
        "An instance that was fitted to another task before answers otherwise than a fresh one",
        "Begin every fit from nothing, and keep no state in the class or the module.",
    )


def uses_no_attribute_that_it_does_not_declare(trial: Trial) -> None:
    """Attributes that are not declared are not read; leaderboards show those that are."""
    _require_same(
        trial.answer_after(trial.task(attributes=get_args(Attribute))),
        trial.answer,
        "It answers otherwise where speech carries attributes that it does not declare",
        f"Name those it uses in `attributes`: {', '.join(get_args(Attribute))}.",
    )


def leaves_its_task_as_it_was(trial: Trial) -> None:
    """The tensors of the task are not changed: all runs share them."""
    task = trial.task()
    trial.fit(task)
    changed = changed_parts(task, trial.task())
    if changed:
        raise MethodError(f"fit changed task.{', task.'.join(changed)} in place.", "Clone first.")


def leaves_the_speech_to_be_recognised_as_it_was(trial: Trial) -> None:
    """The test speech is not changed: all runs share it."""
    speech = trial.test_speech()
    trial.predict(trial.predictor, speech)
    if not same_speech(speech, trial.test_speech()):
        raise MethodError("predict changed its speech in place.", "Clone first.")


def answers_the_same_when_asked_twice(trial: Trial) -> None:
    """Predicting twice gives the same: it neither trains nor draws at random."""
    _require_same(
        trial.predict(trial.predictor, trial.test_speech()),
        trial.answer,
        "Asked again, the predictor answers otherwise",
        "Leave out dropout and other draws (model.eval()), and learn nothing in predict.",
    )


def answers_one_utterance_at_a_time_as_in_a_batch(trial: Trial) -> None:
    """An utterance alone is answered as in a batch: a row depends on its utterance only."""
    speech = trial.test_speech()
    rows = [trial.predict(trial.predictor, speech[torch.tensor([i])]) for i in range(len(speech))]
    _require_close(torch.cat(rows), trial.answer, "Utterances alone are answered otherwise")


def answers_part_of_a_batch_as_the_whole(trial: Trial) -> None:
    """A part of a batch is answered as in the whole: a row depends on its utterance only."""
    part = torch.arange(0, len(trial.test_speech()), 3)
    answer = trial.predict(trial.predictor, trial.test_speech()[part])
    _require_close(answer, trial.answer[part], "Part of a batch is answered otherwise")


def answers_the_same_in_any_order(trial: Trial) -> None:
    """Utterances in another order give the same rows in that order."""
    backwards = torch.arange(len(trial.test_speech())).flip(0)
    answer = trial.predict(trial.predictor, trial.test_speech()[backwards])
    _require_close(answer, trial.answer[backwards], "In another order they are answered otherwise")


def answers_utterances_shorter_than_a_crop_and_much_longer(trial: Trial) -> None:
    """Utterances of one frame and of thirty crops are answered."""
    lengths = torch.tensor([1, SCHEDULE.crop // 2, 30 * SCHEDULE.crop])
    speech = utterances(trial.track, taking_turns(3), seed=6, shift=0.3, lengths=lengths)
    trial.predict(trial.predictor, speech)


def runs_without_source_validation_speech(trial: Trial) -> None:
    """The method fits without validation speech: a source of two speakers leaves none."""
    trial.answer_after(replace(trial.task(), source_validation=labelled(trial.track, 0, seed=2)))


def runs_without_a_source(trial: Trial) -> None:
    """A method that states that it uses no source fits without one."""
    nothing = labelled(trial.track, 0, seed=1)
    trial.answer_after(replace(trial.task(), source=nothing, source_validation=nothing))


def runs_at_its_least_label_budget(trial: Trial) -> None:
    """The method fits at its least label budget, which may be no label at all."""
    trial.answer_after(trial.task(emotions=taking_turns(trial.method.least_labels)))


def runs_with_a_single_labelled_target_utterance(trial: Trial) -> None:
    """The method fits with one target label; four classes then have none."""
    trial.answer_after(trial.task(emotions=taking_turns(1)))


def runs_with_a_class_absent_from_the_target_labels(trial: Trial) -> None:
    """The method fits where no target label is of one class, as after exclusions."""
    emotions = trial.task().target_labelled.emotion % (len(CLASSES) - 1)
    trial.answer_after(trial.task(emotions=emotions))


def runs_with_a_single_unlabelled_target_utterance(trial: Trial) -> None:
    """The method fits with one unlabelled utterance, whose variance is zero."""
    trial.answer_after(trial.task(unlabelled=1))


def lets_no_dimension_decide_that_hardly_varies(trial: Trial) -> None:
    """A dimension that hardly varies in the source, but does in the target, decides nothing."""
    speech = trial.test_speech()
    chosen = trial.predict(trial.predictor, without_dead_dimensions(speech)).argmax(dim=1)
    other = int((trial.answer.argmax(dim=1) != chosen).sum())
    if other > len(speech) / 2:
        raise MethodError(
            f"It recognises {other} of {len(speech)} utterances as another class where the two "
            "dimensions are left out that hardly vary in the source, and that no class depends on.",
            "Standardise by task.standardised(...), or divide by xlser.training.floored "
            "deviations.",
        )


def leaves_the_process_as_it_was(trial: Trial) -> None:
    """The process is as it was before all calls: later runs share it."""
    if trial.changed:
        raise MethodError(
            f"fit or predict changed the {', the '.join(sorted(trial.changed))} and left it so.",
            "Set it back: the runs that follow would go on with it.",
        )


def further_checks(method: type[Method], track: Track) -> list[Callable[[Trial], None]]:
    """Return the checks that apply to a method on a track, beside the first one."""
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
    else:
        checks.append(lets_no_dimension_decide_that_hardly_varies)
    if not method.uses_source:
        checks.append(runs_without_a_source)
    if method.target_labels == "few":
        checks.append(runs_at_its_least_label_budget)
    if method.target_labels != "none":
        checks.append(runs_with_a_class_absent_from_the_target_labels)
    if method.target_labels != "none" and method.least_labels <= 1:
        checks.append(runs_with_a_single_labelled_target_utterance)
    if method.target_labels != "all" and method.uses_target:
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
