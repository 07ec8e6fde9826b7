from typing import Annotated, Any, ClassVar, Literal

import pytest
import torch
from pydantic import Field
from tests.tasks import small_task
from torch import Tensor

from xlser.errors import MethodError
from xlser.methods import Method, Predictor, Speech, Task


class Uniform:
    def __init__(self, classes: int) -> None:
        self.classes = classes

    def predict(self, speech: Speech) -> Tensor:
        return torch.full((len(speech), self.classes), 1 / self.classes)


class Example(Method):
    """A method with a setting of each kind, and everything else a class may hold."""

    name = "example"
    target_labels = "few"
    citation = "nobody (2024)"
    least_labels = 5
    weight: float = 0.1
    rounds: int = 3
    kind: Literal["hard", "soft"] = "hard"
    penalties: tuple[float, ...] = (0.1, 1.0)
    warm: bool = False
    share: Annotated[float, Field(ge=0, le=1)] = 0.5
    scale: ClassVar[float] = 2.0
    learnt: Tensor
    _private: int = 7
    unannotated = 11

    def fit(self, task: Task) -> Predictor:
        self.learnt = torch.ones(len(task.classes))
        self.seen = len(task.source)
        return Uniform(len(task.classes))


DEFAULTS = {
    "weight": 0.1,
    "rounds": 3,
    "kind": "hard",
    "penalties": (0.1, 1.0),
    "warm": False,
    "share": 0.5,
}


def test_settings_are_the_typed_public_attributes_with_a_default() -> None:
    assert Example.default_settings() == DEFAULTS
    assert Example().settings() == DEFAULTS


def test_a_setting_given_is_an_attribute_and_is_reported() -> None:
    method = Example(weight=0.7, kind="soft")
    assert (method.weight, method.kind, method.rounds) == (0.7, "soft", 3)
    assert method.settings() == {**DEFAULTS, "weight": 0.7, "kind": "soft"}


def test_settings_of_one_instance_leave_the_class_alone() -> None:
    Example(weight=0.7)
    assert Example.weight == 0.1
    assert Example().weight == 0.1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"weight": "0.3"}, 0.3),
        ({"weight": 1}, 1.0),
        ({"rounds": "12"}, 12),
        ({"warm": "true"}, True),
        ({"penalties": [1, "2.5"]}, (1.0, 2.5)),
    ],
)
def test_settings_are_coerced_to_their_type(given: dict[str, Any], expected: object) -> None:
    (name,) = given
    value = Example(**given).settings()[name]
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("weight", "heavy"),
        ("weight", None),
        ("rounds", 2.5),
        ("kind", "medium"),
        ("penalties", 0.1),
        ("penalties", ["x"]),
        ("share", 1.5),
    ],
)
def test_a_setting_of_the_wrong_type_or_range_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(MethodError, match=f"example: setting {name}") as caught:
        Example(**{name: value})
    assert "weight=0.1" in caught.value.remedy


@pytest.mark.parametrize("name", ["wieght", "scale", "name", "learnt", "_private", "unannotated"])
def test_what_is_not_a_setting_cannot_be_set(name: str) -> None:
    with pytest.raises(MethodError, match=f"setting {name}"):
        Example(**{name: 1})


def test_overriding_a_class_attribute_without_annotation_makes_no_setting() -> None:
    assert (Example.least_labels, Example.tracks) == (5, ("finetune", "frozen"))
    assert not {"name", "target_labels", "citation", "least_labels"} & set(
        Example.default_settings()
    )


def test_a_subclass_inherits_settings_and_may_change_their_defaults() -> None:
    class Heavier(Example):
        name = "heavier"
        weight = 0.9
        extra: int = 4

    assert Heavier.default_settings() == {**DEFAULTS, "weight": 0.9, "extra": 4}


def test_a_method_without_settings_says_so() -> None:
    class Bare(Method):
        name = "bare"

        def fit(self, task: Task) -> Predictor:
            return Uniform(len(task.classes))

    assert Bare().settings() == {}
    with pytest.raises(MethodError, match="Its settings are: none"):
        Bare(weight=1)


def test_a_method_may_keep_what_it_learns_as_attributes() -> None:
    method, task = Example(weight=0.7), small_task("frozen")
    before = method.settings()
    probabilities = method.fit(task).predict(task.target_unlabelled)
    assert method.seen == len(task.source)
    assert torch.equal(method.learnt, torch.ones(5))
    assert probabilities.shape == (len(task.target_unlabelled), 5)
    assert method.settings() == before


def test_a_method_must_say_how_it_learns() -> None:
    class Unfinished(Method):
        name = "unfinished"

    with pytest.raises(TypeError, match="fit"):
        Unfinished()
