"""Pseudo-labels that methods report: sound ones, at no cost to the training."""

from dataclasses import replace

import pytest
import torch
from tests.tasks import SHORT, nothing, task_for, unheard

from xlser.methods import PseudoLabels, get_method

REPORTING = (
    "adamatch", "cada", "cdac", "fixmatch", "flexmatch", "fluda", "freematch",
    "hard-pseudo-labels", "label-propagation", "mean-teacher", "mixmatch", "prototypes", "shot",
    "soft-pseudo-labels", "softmatch", "triple-attentive-asymmetric",
)  # fmt: skip


@pytest.mark.parametrize("name", REPORTING)
def test_pseudo_labels_are_reported_and_change_nothing(name: str) -> None:
    short = SHORT.model_copy(update={"epochs": 2})
    task = task_for(get_method(name), "frozen", schedule=short, target_labelled=nothing("frozen"))
    found: list[PseudoLabels] = []
    answers = [
        get_method(name)().fit(own).predict(unheard("frozen").speech)
        for own in (task, replace(task, report=found.append))
    ]
    assert torch.equal(*answers)
    assert found
    seen = torch.cat([of.index for of in found])
    assert set(seen.tolist()) <= set(range(len(task.target_unlabelled)))
    for of in found:
        assert len(of.index) == len(of.answers) == len(of.weight)
        assert not of.weight.requires_grad
        assert ((of.weight >= 0) & (of.weight <= 1)).all()
        assert ((of.answers >= 0) & (of.answers < len(task.classes))).all()
        assert 0 <= of.progress <= 1


@pytest.mark.parametrize("name", REPORTING)
def test_a_twin_reports_nothing(name: str) -> None:
    short = SHORT.model_copy(update={"epochs": 1})
    found: list[PseudoLabels] = []
    task = task_for(get_method(name), "frozen", schedule=short, report=found.append)
    get_method(name)(twin=True).fit(task)
    assert not any(len(of.index) for of in found)
