"""A scenario: the utterances of one condition and seed, by role."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from functools import cached_property
from typing import Any, Literal

from xlser.corpora import Utterance
from xlser.system.files import canonical_json, digest_texts, text_as_json, texts_as_json

Labels = int | Literal["all"]
"""Label budget: utterances of the target's train speakers whose emotion is known, or all."""

Catalogue = Mapping[str, Sequence[Utterance]]
"""The utterances at hand, by corpus."""


@dataclass(frozen=True)
class Scenario:
    """Utterance ids by role, in an order that carries no information.

    Attributes:
        protocol: name of the protocol.
        version: of the protocol.
        source: language of the labelled corpora; several are joined by "+".
        target: language to be recognised.
        labels: the label budget.
        seed: 0, 1, ...
        classes: emotions, in the order of class indices.
        source_corpora: those used.
        absent_corpora: those the protocol names for the source and the catalogue lacks.
        emotion: class index of every id below.
        source_train: ids.
        source_validation: ids; empty for corpora of two speakers.
        source_test: ids.
        target_labelled: ids, in the protocol's order of labelling.
        target_unlabelled: ids.
        target_test: ids.
        fold: of the seed: 0, 1, ...
        draw: of the labelled utterances: 0 the protocol's; 1, 2, ... others by the same rule.
    """

    protocol: str
    version: int
    source: str
    target: str
    labels: Labels
    seed: int
    classes: tuple[str, ...]
    source_corpora: tuple[str, ...]
    absent_corpora: tuple[str, ...]
    emotion: Mapping[str, int]
    source_train: tuple[str, ...]
    source_validation: tuple[str, ...]
    source_test: tuple[str, ...]
    target_labelled: tuple[str, ...]
    target_unlabelled: tuple[str, ...]
    target_test: tuple[str, ...]
    fold: int = 0
    draw: int = 0

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all of the above, in hex; a field left at its default is not in it."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        defaults = {field.name: _default(field) for field in fields(self)}
        stated = {name: v for name, v in values.items() if v != defaults[name]}
        return digest_texts({name: _as_json(value) for name, value in stated.items()})


def shuffling_key(protocol: str, seed: int, id_: str) -> bytes:
    """Return a sort key that orders ids at random, the same on every machine.

    Args:
        protocol: name.
        seed: of the order.
        id_: of an utterance: "corpus/name".
    """
    return hashlib.sha256(f"{protocol}/{seed}/{id_}".encode()).digest()


def emotions_as_json(emotion: Mapping[str, int]) -> str:
    """Return `canonical_json` of the class index of each utterance."""
    return f"{{{','.join([f'{text_as_json(id_)}:{emotion[id_]}' for id_ in sorted(emotion)])}}}"


def _as_json(value: Any) -> str:
    if isinstance(value, tuple):
        return texts_as_json(value)
    return emotions_as_json(value) if isinstance(value, Mapping) else canonical_json(value)


def _default(field: Field[Any]) -> Any:
    """Return the default of a field, `MISSING` where it must be given."""
    return field.default if field.default_factory is MISSING else field.default_factory()
