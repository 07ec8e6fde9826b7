"""Sound methods pass the suite of checks, within a few seconds."""

import random
import time
from typing import Any

import numpy as np
import pytest
import torch
from tests.conformance.nearest_mean import NearestMean, like

from xlser import registry
from xlser.conformance import check_method
from xlser.methods import Task, get_method, method_names


@pytest.mark.parametrize(
    "facts",
    [
        {"target_labels": "none"},
        {"target_labels": "few", "least_labels": 12},
        {"target_labels": "all"},
        {"tracks": ("finetune", "frozen"), "attributes": ("gender",)},
    ],
)
def test_a_sound_method_passes(facts: dict[str, Any]) -> None:
    report = check_method(like(NearestMean, **facts))
    assert report.passed, str(report)
    assert report.method == "nearest-mean"
    assert {check.track for check in report.checks} == {None, *facts.get("tracks", ("frozen",))}


_OURS = [n for n in method_names() if registry.package_of("xlser.methods", n).startswith("xlser ")]


@pytest.mark.parametrize("name", _OURS)
def test_a_method_of_ours_passes(name: str) -> None:
    report = check_method(get_method(name))
    assert report.passed, str(report)


def test_another_seed_may_answer_otherwise() -> None:
    class Draws(NearestMean):
        def learn(self, task: Task) -> None:
            drawn = torch.rand(()).item() + random.random() + float(np.random.rand())
            own = np.random.default_rng(task.seed).random()
            self.means = self.means + drawn + own

    assert check_method(Draws).passed


def test_it_takes_a_few_seconds() -> None:
    began = time.process_time()
    check_method(get_method("sft"))
    assert time.process_time() - began < 10
