"""The contract a method is written against."""

import inspect
from abc import ABC, abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from xlser.errors import MethodError
from xlser.methods.vocabulary import Attribute, Standardisation, TargetLabels, Track

if TYPE_CHECKING:
    from xlser.methods.task import Predictor, Task

OF_TARGET = ("language", "speaker")
"""Standardisations that need speech of the target language."""


class Method(ABC):
    """A method: given a task, it returns a predictor.

    Typed public class attributes with a default are its settings: validated, settable by name
    (`--set weight=0.3`) and part of every record.

    Attributes:
        name: lower case with hyphens, as registered under the entry point `xlser.methods`.
        target_labels: which target labels it is handed.
        citation: the publication it comes from.
        reconstructed: whether it was made from an abstract and others' accounts of that
            publication, its text and code not being at hand.
        least_labels: the smallest label budget at which it is defined.
        attributes: what train speech carries for it beside the emotion
            (`Speech.attributes`).
        tracks: on which it runs.
        family: of methods that it belongs to, by which pages filter; empty for none.
        needs_source_model: whether `Task.source_model` is to be trained for it.
        uses_target: whether it uses speech of the target language; a method that does not is
            handed none.
        uses_source: whether it uses speech of the source; a method that does not runs under
            protocols without a source as well.
        standardisation: by whose statistics it standardises embeddings (`Task.standardised`); None
            if the suite does not do it for it. It is a setting: `--set standardisation=language`.

    A setting that a class of the suite gives to all that derive from it (`standardisation`,
    `GradientMethod.twin`) is stated in records where it differs from its default. A class outside
    that annotates it (`standardisation: Standardisation = "language"`) states it in every record.
    """

    name: ClassVar[str]
    target_labels: ClassVar[TargetLabels]
    citation: ClassVar[str]
    reconstructed: ClassVar[bool] = False
    least_labels: ClassVar[int] = 0
    attributes: ClassVar[tuple[Attribute, ...]] = ()
    tracks: ClassVar[tuple[Track, ...]] = ("finetune", "frozen")
    family: ClassVar[str] = ""
    needs_source_model: ClassVar[bool] = False
    uses_target: ClassVar[bool] = True
    uses_source: ClassVar[bool] = True
    standardisation: Standardisation | None = None

    def __init__(self, **settings: object) -> None:
        """Take settings by name.

        Raises:
            MethodError: a setting is unknown or of the wrong type, or asks for the statistics of
                speech that the method is not handed.
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
        if self.standardisation in OF_TARGET and not self.uses_target:
            raise MethodError(
                f"{self.name} is handed no speech of the target, by which "
                f"standardisation={self.standardisation} standardises.",
                "Use standardisation=source, or a method that uses target speech.",
            )

    @abstractmethod
    def fit(self, task: "Task") -> "Predictor":
        """Learn from `task` and return what predicts."""

    def settings(self) -> dict[str, Any]:
        """Return settings and their values.

        A setting that the suite gives to many methods is left out at its default.
        """
        defaults, own = self.default_settings(), self.own_settings()
        values = {name: getattr(self, name) for name in self._names}
        return {name: v for name, v in values.items() if name in own or v != defaults[name]}

    def changed_settings(self) -> tuple[str, ...]:
        """Return the names of the settings that differ from their defaults."""
        defaults = self.default_settings()
        return tuple(name for name, value in self.settings().items() if value != defaults[name])

    @classmethod
    def default_settings(cls) -> dict[str, Any]:
        """Return every setting and its default."""
        return {name: f.default for name, f in cls._settings_model().model_fields.items()}

    def carried_attributes(self) -> tuple[Attribute, ...]:
        """Return the attributes that train speech carries for it, as it is set."""
        by_speaker = self.standardisation == "speaker" and "speaker" not in self.attributes
        return (*self.attributes, "speaker") if by_speaker else self.attributes

    def starts_from_source_model(self) -> bool:
        """Return whether the shared source model is trained for it, as it is set.

        That model learns from source embeddings standardised by the source. Another standardisation
        of the source asks for a model of its own.
        """
        return self.needs_source_model and self.standardisation in (None, "source", "language")

    @classmethod
    def own_settings(cls) -> frozenset[str]:
        """Return the names of the settings that a class outside of the suite annotates."""
        kinds = [kind for kind in cls.__mro__ if kind.__module__.partition(".")[0] != "xlser"]
        annotated = {name for kind in kinds for name in vars(kind).get("__annotations__", {})}
        return frozenset(annotated & cls.default_settings().keys())

    @classmethod
    @cache
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
            if name == "standardisation":
                hint, stated = Standardisation, stated and default is not None
            if stated and hint is not ClassVar and get_origin(hint) is not ClassVar:
                fields[name] = (hint, default)
        config = ConfigDict(extra="forbid", strict=False, arbitrary_types_allowed=True)
        return create_model(cls.__name__, __config__=config, **fields)


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    return f"setting {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
