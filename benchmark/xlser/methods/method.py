"""The contract a method is written against."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, get_origin, get_type_hints

import torch
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from torch import Tensor, nn

from xlser.errors import MethodError
from xlser.methods.speech import Attribute, Labelled, Speech
from xlser.protocols import Schedule

TargetLabels = Literal["none", "few", "all"]
"""Which target labels a method uses: none, the budget's, or every train utterance's."""

Track = Literal["finetune", "frozen"]
"""Whether the backbone is trained, or utterances come as embeddings computed once."""

Precision = Literal["fp32", "bf16"]
"""Arithmetic of training: float32, or bfloat16 where autocast allows it."""


@dataclass(frozen=True)
class Task:
    """All that a method is handed. What is not here a method may not see.

    Attributes:
        source: labelled speech of the source language (train speakers).
        source_validation: labelled speech of other source speakers, for choosing settings; may be
            empty.
        target_labelled: the target utterances within the label budget.
        target_unlabelled: the other train utterances of the target language.
        classes: emotions, in the order of class indices.
        seed: of this run.
        device: where the tensors are.
        track: fine-tune or frozen.
        schedule: epochs, batch, learning rate, crop; the same for every method.
        backbone: makes a backbone with its pretrained weights; None on the frozen track.
        source_model: weights of the shared model trained on `source` alone (stage 1), if the
            method asked for it.
        precision: of training.
        progress: call with (epochs done, epochs in all) to be shown.
    """

    source: Labelled
    source_validation: Labelled
    target_labelled: Labelled
    target_unlabelled: Speech
    classes: tuple[str, ...]
    seed: int
    device: torch.device
    track: Track
    schedule: Schedule
    backbone: Callable[[], nn.Module] | None = None
    source_model: Mapping[str, Tensor] | None = None
    precision: Precision = "fp32"
    progress: Callable[[int, int], None] = field(default=lambda done, total: None)


class Predictor(Protocol):
    """A fitted method."""

    def predict(self, speech: Speech) -> Tensor:
        """Return class probabilities, shape (utterances, classes), each row summing to one.

        A row may depend on that utterance alone, not on the others in `speech`.
        """
        ...


class Method(ABC):
    """A method: given a task, it returns a predictor.

    Typed public class attributes with a default are its settings: validated, settable by name
    (`--set weight=0.3`) and part of every record.

    Attributes:
        name: lower case with hyphens, as registered under the entry point `xlser.methods`.
        target_labels: which target labels it is handed.
        citation: the publication it comes from.
        least_labels: the smallest label budget at which it is defined.
        attributes: what it is told of every train utterance beside the emotion
            (`Speech.attributes`).
        tracks: on which it runs.
        needs_source_model: whether `Task.source_model` is to be trained for it.
    """

    name: ClassVar[str]
    target_labels: ClassVar[TargetLabels]
    citation: ClassVar[str]
    least_labels: ClassVar[int] = 0
    attributes: ClassVar[tuple[Attribute, ...]] = ()
    tracks: ClassVar[tuple[Track, ...]] = ("finetune", "frozen")
    needs_source_model: ClassVar[bool] = False

    def __init__(self, **settings: object) -> None:
        """Take settings by name.

        Raises:
            MethodError: a setting is unknown or of the wrong type.
        """
        try:
            validated = self._settings_model().model_validate(settings)
        except ValidationError as cause:
            known = ", ".join(f"{k}={v!r}" for k, v in self.default_settings().items())
            raise MethodError(
                f"{self.name}: {_first_fault(cause)}", f"Its settings are: {known or 'none'}."
            ) from cause
        self._names = tuple(type(validated).model_fields)
        for name in self._names:
            setattr(self, name, getattr(validated, name))

    @abstractmethod
    def fit(self, task: Task) -> Predictor:
        """Learn from `task` and return what predicts."""

    def settings(self) -> dict[str, Any]:
        """Return every setting and its value."""
        return {name: getattr(self, name) for name in self._names}

    def changed_settings(self) -> tuple[str, ...]:
        """Return the names of the settings that differ from their defaults."""
        defaults = self.default_settings()
        return tuple(name for name, value in self.settings().items() if value != defaults[name])

    @classmethod
    def default_settings(cls) -> dict[str, Any]:
        """Return every setting and its default."""
        return {name: f.default for name, f in cls._settings_model().model_fields.items()}

    @classmethod
    def _settings_model(cls) -> type[BaseModel]:
        try:
            hints = get_type_hints(cls, include_extras=True)
        except (NameError, AttributeError, TypeError, SyntaxError) as cause:
            raise MethodError(
                f"an annotation of {cls.__qualname__} cannot be read: {cause}.",
                "Annotations are read at run time, for settings: import the names they use outside "
                "`if TYPE_CHECKING:`.",
            ) from cause
        fields: dict[str, Any] = {}
        for name, hint in hints.items():
            default = inspect.getattr_static(cls, name, inspect.Parameter.empty)
            stated = default is not inspect.Parameter.empty and not name.startswith("_")
            if stated and hint is not ClassVar and get_origin(hint) is not ClassVar:
                fields[name] = (hint, default)
        config = ConfigDict(extra="forbid", strict=False, arbitrary_types_allowed=True)
        return create_model(cls.__name__, __config__=config, **fields)


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    return f"setting {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
