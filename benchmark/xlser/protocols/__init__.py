"""Frozen protocols: splits, label budgets, scenarios."""

from xlser.protocols.data import Bounds, Presentation, Schedule, Split
from xlser.protocols.freeze import freeze
from xlser.protocols.manifest import load_manifest, write_manifest
from xlser.protocols.protocol import Protocol
from xlser.protocols.published import published_utterances
from xlser.protocols.recipe import Recipe
from xlser.protocols.registry import (
    find_protocol,
    get_protocol,
    is_registered,
    keep_manifest,
    names_with_results,
    protocol_names,
)
from xlser.protocols.scenario import Catalogue, Labels, Scenario
from xlser.protocols.scenarios import Scenarios

__all__ = [
    "Bounds",
    "Catalogue",
    "Labels",
    "Presentation",
    "Protocol",
    "Recipe",
    "Scenario",
    "Scenarios",
    "Schedule",
    "Split",
    "find_protocol",
    "freeze",
    "get_protocol",
    "is_registered",
    "keep_manifest",
    "load_manifest",
    "names_with_results",
    "protocol_names",
    "published_utterances",
    "write_manifest",
]
