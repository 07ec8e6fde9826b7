"""Declarations of methods: invalid ones are reported, and tasks hold only what is declared."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
import torch
from tests.conformance.nearest_mean import NearestMean, failed, like
from torch import Tensor

from xlser.conformance import check_method
from xlser.methods import Attribute, Method, Speech, Task

if TYPE_CHECKING:
    from decimal import Decimal


class AnnotatedForCheckersAlone(NearestMean):
    price: Decimal


class KeepsAPath(NearestMean):
    folder: Path | None = None


class KeepsADtype(NearestMean):
    dtype: torch.dtype = torch.float32


class NameAsASetting(NearestMean):
    name: str = "nearest-mean"


class InfiniteDefault(NearestMean):
    scale = float("inf")


class DefaultOfAnotherType(NearestMean):
    scales: tuple[float, ...] = [0.1, 1.0]


class InvalidDefault(NearestMean):
    scale = "wide"


TYPES = "has settings of types that json has"
DEFAULTS = "has defaults that are valid and survive json"


@pytest.mark.parametrize(
    ("method", "check", "fault"),
    [
        (like(NearestMean, name="Nearest Mean"), "states its name", "'Nearest Mean'"),
        (like(NearestMean, name=None), "states its name", "does not state name"),
        (like(NearestMean, citation=" "), "states its citation", "empty"),
        (like(NearestMean, citation=None), "states its citation", "does not state citation"),
        (like(NearestMean, target_labels="some"), "states its target labels", "'some'"),
        (like(NearestMean, target_labels=None), "states its target labels", "does not state"),
        (like(NearestMean, least_labels=-1), "states its least labels", "-1"),
        (like(NearestMean, least_labels=True), "states its least labels", "True"),
        (like(NearestMean, least_labels="1"), "states its least labels", "'1'"),
        (
            like(NearestMean, least_labels=1, target_labels="none"),
            "states its least labels",
            'target_labels="few"',
        ),
        (like(NearestMean, attributes=("age",)), "states its attributes", "'age'"),
        (like(NearestMean, attributes="gender"), "states its attributes", "tuple"),
        (like(NearestMean, tracks=("fine-tune",)), "states its tracks", "'fine-tune'"),
        (like(NearestMean, tracks="frozen"), "states its tracks", "tuple"),
        (like(NearestMean, tracks=()), "states its tracks", "no track"),
        (KeepsAPath, TYPES, "'folder'"),
        (KeepsADtype, TYPES, "'dtype'"),
        (NameAsASetting, TYPES, "without an annotation"),
        (AnnotatedForCheckersAlone, TYPES, "TYPE_CHECKING"),
        (InfiniteDefault, DEFAULTS, "finite"),
        (DefaultOfAnotherType, DEFAULTS, "'scales'"),
        (InvalidDefault, DEFAULTS, "scale"),
    ],
)
def test_an_unsound_declaration_is_told_and_nothing_is_run(
    method: type[Method], check: str, fault: str
) -> None:
    report = check_method(method)
    assert check in failed(report)
    assert any(fault in str(entry.fault) for entry in report.faults if entry.name == check)
    assert {entry.track for entry in report.checks} == {None}


@pytest.mark.parametrize(
    ("facts", "labels"),
    [
        ({"target_labels": "none"}, {0}),
        ({"target_labels": "few"}, {0, 1, 10}),
        ({"target_labels": "few", "least_labels": 20}, {20}),
        ({"target_labels": "all", "attributes": ("naturalness",)}, {1, 30}),
        ({"target_labels": "none", "attributes": ("gender", "naturalness")}, {0}),
    ],
)
def test_a_task_holds_what_is_declared_and_no_more(facts: dict[str, Any], labels: set[int]) -> None:
    tasks: list[Task] = []
    speeches: list[Speech] = []

    class Records(NearestMean):
        def learn(self, task: Task) -> None:
            tasks.append(task)

        def predict(self, speech: Speech) -> Tensor:
            speeches.append(speech)
            return super().predict(speech)

    assert check_method(like(Records, **facts)).passed
    handed = Counter(frozenset(task.source.speech.attributes) for task in tasks)
    assert handed.pop(frozenset(get_args(Attribute))) == 1
    assert set(handed) == {frozenset(facts.get("attributes", ()))}
    assert {len(task.target_labelled) for task in tasks} == labels
    if facts["target_labels"] == "all":
        assert not any(len(task.target_unlabelled) for task in tasks)
    assert all(task.backbone is None and task.source_model is None for task in tasks)
    assert not any(speech.attributes for speech in speeches)
