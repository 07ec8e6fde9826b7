"""The twin of a method: the same method, on the same batches, without unlabelled speech."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from tests.baselines.test_classical_methods import only
from tests.baselines.test_reference_methods import FROZEN, NAMES, NO_TWIN
from tests.tasks import SHORT, labelled, nothing, task_for, unheard
from torch import Tensor

from xlser.errors import MethodError
from xlser.methods import Task, Track, get_method
from xlser.training import GradientMethod, Step
from xlser_baselines.fixmatch import FixMatch
from xlser_baselines.sft import SupervisedFineTuning

TWINNED = [name for name in NAMES if name not in NO_TWIN]
CASES = [
    (name, track, budget)
    for name in TWINNED
    for track in get_method(name).tracks
    for budget in ("labels", "no labels")
    if budget == "no labels" or get_method(name).target_labels == "few"
]


def task_of(name: str, track: Track, budget: str) -> Task:
    without = {"target_labelled": nothing(track)} if budget == "no labels" else {}
    short = SHORT.model_copy(update={"epochs": 2})
    return task_for(get_method(name), track, schedule=short, **without)


def with_others(task: Task) -> Task:
    """The same task, its unlabelled speech replaced by as many other utterances."""
    others = labelled(task.track, 6, seed=40, shift=1.0).speech
    attributes = task.target_unlabelled.attributes
    return replace(task, target_unlabelled=replace(others, attributes=attributes))


def answers(name: str, task: Task, **settings: object) -> Tensor:
    if name in FROZEN and "standardisation" in get_method(name).default_settings():
        settings["standardisation"] = "source"  # not by unlabelled speech
    return get_method(name)(**settings).fit(task).predict(unheard(task.track).speech)


@cache
def of_twin(name: str, track: Track, budget: str) -> Tensor:
    return answers(name, task_of(name, track, budget), twin=True)


@pytest.mark.parametrize(("name", "track", "budget"), CASES)
def test_a_twin_is_deaf_to_unlabelled_speech(name: str, track: Track, budget: str) -> None:
    task = with_others(task_of(name, track, budget))
    own = of_twin(name, track, budget)
    assert torch.isfinite(own).all()
    assert torch.equal(answers(name, task, twin=True), own)


@pytest.mark.parametrize("name", TWINNED)
def test_a_method_is_not_its_twin(name: str) -> None:
    # CADA uses unlabelled speech only where there are no labels.
    budget = "no labels" if name == "cada" or get_method(name).target_labels == "none" else "labels"
    task = task_of(name, "frozen", budget)
    of_two_emotions = only(labelled("frozen", 15, seed=4, shift=0.3), [0, 1]).speech
    attributes = {a: of[:30] for a, of in task.target_unlabelled.attributes.items()}
    task = replace(task, target_unlabelled=replace(of_two_emotions, attributes=attributes))
    assert not torch.equal(answers(name, task), of_twin(name, "frozen", budget))


@pytest.mark.parametrize("name", NO_TWIN)
def test_a_method_without_an_unlabelled_term_has_no_twin(name: str) -> None:
    with pytest.raises(MethodError, match="twin"):
        get_method(name)(twin=True)


@pytest.mark.parametrize("name", TWINNED)
def test_records_state_a_twin_and_leave_the_method_as_it_was(name: str) -> None:
    """Rows and keys of records of before there were twins stay as they are."""
    method = get_method(name)
    assert "twin" not in method().settings()
    assert method(twin=True).settings()["twin"] is True
    assert method(twin=True).changed_settings() == ("twin",)


def test_a_twin_draws_the_labelled_utterances_of_its_method() -> None:
    class Noting(FixMatch):
        def loss(self, step: Step) -> Tensor:
            self.seen = [*getattr(self, "seen", []), step]
            return super().loss(step)

    task = task_of("fixmatch", "frozen", "labels")
    method, twin = Noting(), Noting(twin=True)
    method.fit(task)
    twin.fit(task)
    assert len(method.seen) == len(twin.seen) > 1
    for one, other in zip(method.seen, twin.seen, strict=True):
        assert torch.equal(one.labelled.index, other.labelled.index)
        assert one.progress == other.progress
        assert (len(one.unlabelled.index), len(other.unlabelled.index)) == (4, 0)


def test_the_twin_of_a_method_whose_loss_is_cross_entropy_is_supervised() -> None:
    class LabelsAlone(SupervisedFineTuning):
        name = "labels-alone"
        shares = FixMatch.shares

    task = task_of("fixmatch", "frozen", "labels")
    speech = unheard("frozen").speech
    expected = LabelsAlone().fit(task).predict(speech)
    assert issubclass(get_method("fixmatch"), GradientMethod)
    torch.testing.assert_close(of_twin("fixmatch", "frozen", "labels"), expected)
