"""What this distribution states of its own methods, whose names records of strangers may claim."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from xlser import registry
from xlser.errors import PluginError, XlserError
from xlser.methods.method import Method
from xlser.methods.provenance.packaged_code import packaged_code
from xlser.methods.provenance.sources import source_of
from xlser.methods.registry import method_names, outlined_methods
from xlser.methods.vocabulary import TargetLabels

DISTRIBUTION = "xlser"

FORMER_DEFAULTS = "former_defaults.json"
"""A file beside the methods: by name, hyper-parameters that were the defaults of earlier code."""

FORMER_CODE = "former_code.json"
"""A file beside the methods: by name, digests of earlier code that gives the same results."""


@dataclass(frozen=True)
class Owned:
    """A method of this distribution, as it is installed.

    Attributes:
        code: digest of its code (`packaged_code`).
        former_code: digests of earlier code that gives the same results.
        defaults: its hyper-parameters at their defaults, then former defaults.
        own_settings: hyper-parameters that it declares itself, now or formerly.
        target_labels: those it is handed.
        least_labels: the smallest budget at which it is defined.
    """

    code: str
    former_code: frozenset[str]
    defaults: tuple[Mapping[str, Any], ...]
    own_settings: frozenset[str]
    target_labels: TargetLabels
    least_labels: int


def is_owned(name: str) -> bool:
    """Return whether this distribution registers a method of that name."""
    try:
        distribution = registry.entry_point("xlser.methods", name).dist
    except XlserError:
        return False
    return distribution is not None and distribution.name == DISTRIBUTION


@cache
def owned(name: str) -> Owned | None:
    """Return what this distribution states of a method; None if it has none of that name."""
    if not is_owned(name):
        return None
    outline = _outlines()[name]
    if isinstance(outline, XlserError):
        raise outline
    point = registry.entry_point("xlser.methods", name)
    package = point.module.partition(".")[0]
    former = _beside(package, FORMER_DEFAULTS).get(name, [])
    current = json.loads(json.dumps(outline.default_settings()))
    return Owned(
        code=packaged_code(name) or "",
        former_code=frozenset(_beside(package, FORMER_CODE).get(name, [])),
        defaults=(current, *former),
        own_settings=outline.own_settings().union(*former),
        target_labels=outline.target_labels,
        least_labels=outline.least_labels,
    )


def code_in_words(name: str, packaged_code: str) -> str:
    """Return what to call the code of a method; "" where it is not stated.

    Code of this distribution that gives the same results has the name of the installed code.
    """
    known = owned(name)
    same = known is not None and packaged_code in known.former_code
    code = known.code if known and same else packaged_code
    return f"code {code[:8]}" if code else ""


@cache
def _outlines() -> Mapping[str, type[Method] | PluginError]:
    return outlined_methods(filter(is_owned, method_names()))


@cache
def _beside(package: str, file: str) -> Mapping[str, list[Any]]:
    path = source_of(package).with_name(file)
    found: Mapping[str, list[Any]] = {}
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
    return found
