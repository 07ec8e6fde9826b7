"""What a method declares about itself, and whether it is sound.

Each of `DECLARATIONS` takes a method class and raises a `MethodError` where its part is not.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import ValidationError

from xlser.errors import MethodError
from xlser.methods.method import OF_TARGET, Method
from xlser.methods.vocabulary import Attribute, Standardisation, TargetLabels, Track

NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""Lower case with hyphens."""

_FACTS = (
    "name", "target_labels", "citation", "reconstructed", "least_labels", "attributes", "tracks",
    "uses_target", "uses_source",
)  # fmt: skip
_JSON_TYPES = (bool, int, float, str, NoneType)
_JSON_CONTAINERS = (list, tuple, dict, Sequence, Mapping, Union, UnionType)


def states_its_name(method: type[Method]) -> None:
    """Lower case with hyphens, as in `xlser run NAME`, or the name of its class."""
    name = _stated(method, "name")
    if name != method.__name__ and not NAME.fullmatch(name):
        raise MethodError(
            f"it calls itself {name!r}.", "Let its name be lower case with hyphens: my-method."
        )


def states_its_citation(method: type[Method]) -> None:
    """A publication, or whose idea it is."""
    if not _stated(method, "citation").strip():
        raise MethodError("its citation is empty.", "Cite a publication, or name whose idea it is.")


def states_its_target_labels(method: type[Method]) -> None:
    """One of "none", "few" and "all"."""
    if _stated(method, "target_labels") not in get_args(TargetLabels):
        raise MethodError(
            f"it states target_labels={method.target_labels!r}.",
            f"Choose from {_choices(get_args(TargetLabels))}.",
        )


def states_its_least_labels(method: type[Method]) -> None:
    """A count of labelled target utterances, zero where it is handed none."""
    least: object = method.least_labels
    if not isinstance(least, int) or isinstance(least, bool) or least < 0:
        raise MethodError(f"it states least_labels={least!r}.", "State a count: 0, 1, ...")
    if least and method.target_labels == "none":
        raise MethodError(
            f'it states least_labels={least} and target_labels="none".',
            'A method that needs target labels states target_labels="few".',
        )


def states_its_attributes(method: type[Method]) -> None:
    """Side information that corpora have."""
    _require_tuple_of(method, "attributes", get_args(Attribute))


def states_its_tracks(method: type[Method]) -> None:
    """One track or both."""
    _require_tuple_of(method, "tracks", get_args(Track))
    if not method.tracks:
        raise MethodError("it runs on no track.", f"State tracks from {_choices(get_args(Track))}.")


def states_its_use_of_the_target(method: type[Method]) -> None:
    """A method that is handed no speech of the target is handed no labels of it either."""
    uses: object = method.uses_target
    if not isinstance(uses, bool):
        raise MethodError(f"it states uses_target={uses!r}.", "State True or False.")
    if not uses and method.target_labels != "none":
        raise MethodError(
            f'it states uses_target=False and target_labels="{method.target_labels}".',
            'A method that uses no speech of the target states target_labels="none".',
        )


def states_its_use_of_the_source(method: type[Method]) -> None:
    """A method that uses no speech of the source learns from that of the target."""
    uses: object = method.uses_source
    if not isinstance(uses, bool):
        raise MethodError(f"it states uses_source={uses!r}.", "State True or False.")
    if not uses and (not method.uses_target or method.needs_source_model):
        stated = "needs_source_model=True" if method.needs_source_model else "uses_target=False"
        raise MethodError(
            f"it states uses_source=False and {stated}.",
            "State uses_source=False where a method learns from speech of the target alone.",
        )


def states_its_standardisation(method: type[Method]) -> None:
    """By whose statistics embeddings are standardised, or None."""
    by: object = method.standardisation
    if by is not None and by not in get_args(Standardisation):
        raise MethodError(
            f"it states standardisation={by!r}.",
            f"Choose from {_choices(get_args(Standardisation))}, or state None.",
        )
    if by in OF_TARGET and not method.uses_target:
        raise MethodError(
            f'it states standardisation="{by}" and uses_target=False.',
            "Statistics of the target's speech need that speech: state uses_target=True.",
        )


def has_settings_of_types_that_json_has(method: type[Method]) -> None:
    """Settings are part of records, which are JSON."""
    fields = method._settings_model().model_fields
    shadowed = sorted(set(fields) & set(_FACTS))
    if shadowed:
        raise MethodError(
            f"its annotation makes a setting of {shadowed[0]!r}.",
            f"Write `{shadowed[0]} = ...` without an annotation.",
        )
    for name, field in fields.items():
        if not _is_json(field.annotation):
            raise MethodError(
                f"its setting {name!r} is {field.annotation}, which JSON does not have.",
                "Settings are part of records: make it a str, float, int, bool, Literal or a tuple "
                "of these.",
            )


def has_defaults_that_are_valid_and_survive_json(method: type[Method]) -> None:
    """A default is of its annotated type, finite, and the same when read back from a record."""
    model, defaults = method._settings_model(), method.default_settings()
    try:
        read_back = model.model_validate(json.loads(json.dumps(defaults, allow_nan=False)))
    except ValidationError as cause:
        setting, why = cause.errors()[0]["loc"][0], cause.errors()[0]["msg"]
        raise MethodError(
            f"the default of its setting {setting!r} is not valid: {why}.",
            "Give it a default of its annotated type.",
        ) from cause
    except (TypeError, ValueError) as cause:
        raise MethodError(
            f"its default settings are not JSON: {cause}.", "Give every setting a finite default."
        ) from cause
    for name, default in defaults.items():
        if getattr(read_back, name) != default:
            raise MethodError(
                f"its setting {name!r} is {default!r}, but {getattr(read_back, name)!r} when read "
                "back from a record.",
                "Give it a default of its annotated type.",
            )


DECLARATIONS: tuple[Callable[[type[Method]], None], ...] = (
    states_its_name,
    states_its_citation,
    states_its_target_labels,
    states_its_least_labels,
    states_its_attributes,
    states_its_tracks,
    states_its_use_of_the_target,
    states_its_use_of_the_source,
    states_its_standardisation,
    has_settings_of_types_that_json_has,
    has_defaults_that_are_valid_and_survive_json,
)


def _stated(method: type[Method], fact: str) -> str:
    value = getattr(method, fact, None)
    if not isinstance(value, str):
        raise MethodError(
            f"it does not state {fact}.",
            f"Set {fact}, a string, as a class attribute of {method.__qualname__}.",
        )
    return value


def _require_tuple_of(method: type[Method], fact: str, known: Collection[str]) -> None:
    value = getattr(method, fact)
    if not isinstance(value, tuple) or not set(value) <= set(known):
        raise MethodError(
            f"it states {fact}={value!r}.", f"State a tuple of any of {_choices(known)}."
        )


def _choices(known: Collection[str]) -> str:
    return ", ".join(f'"{value}"' for value in known)


def _is_json(annotation: Any) -> bool:
    """Return whether values of a type are JSON: `tuple[float, ...]` is, `Path | None` is not."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return all(isinstance(value, _JSON_TYPES) for value in arguments)
    if origin is Annotated:
        return _is_json(arguments[0])
    if origin in _JSON_CONTAINERS:
        return all(_is_json(argument) for argument in arguments if argument is not Ellipsis)
    return annotation in _JSON_TYPES
