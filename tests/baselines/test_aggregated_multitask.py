"""Aggregated multi-task learning of emotion, gender and naturalness."""

from dataclasses import replace

import pytest
import torch
from tests.baselines.steps import embedded, loss_of, ready, step_of
from tests.tasks import same_weights, small_task, task_for, with_attributes
from torch.nn.functional import cross_entropy

from xlser.methods import Task
from xlser_baselines.aggregated_multitask import AggregatedMultitask


def test_al_adds_the_weighted_losses_of_gender_and_naturalness() -> None:
    method = AggregatedMultitask(weight=0.4)
    step = step_of(method, ready(method))
    z = embedded(method, step.labelled.speech, step.unlabelled.speech)
    expected = cross_entropy(method.model.head(z[0]), step.labelled.emotion)
    for head, name in zip(method.heads, ("gender", "naturalness"), strict=True):
        told_ = torch.cat([step.labelled.attributes[name], step.unlabelled.attributes[name]])
        assert 0 < told_.sum() < len(told_)
        expected = expected + 0.4 * cross_entropy(head(torch.cat(z)), told_)
    torch.testing.assert_close(loss_of(method, step), expected)


def relabelled(task: Task, name: str, values: int) -> Task:
    """The task with one attribute of its unlabelled speech all the same."""
    of = task.target_unlabelled.attributes
    same = {**of, name: torch.full_like(of[name], values)}
    return replace(task, target_unlabelled=replace(task.target_unlabelled, attributes=same))


@pytest.mark.parametrize("name", ["gender", "naturalness"])
def test_al_listens_to_what_it_is_told_of_unlabelled_speech(name: str) -> None:
    task = task_for(AggregatedMultitask, "frozen")
    states = []
    for value in (0, 1):
        method = AggregatedMultitask()
        method.fit(relabelled(task, name, value))
        states.append(method.model.state_dict())
    assert not same_weights(*states)


def test_al_declares_what_it_is_told_and_cannot_do_without() -> None:
    assert AggregatedMultitask.attributes == ("gender", "naturalness")
    with pytest.raises(KeyError, match="naturalness"):
        AggregatedMultitask().fit(with_attributes(small_task("frozen"), ("gender",)))
