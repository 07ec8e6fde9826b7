"""Frozen protocols: splits, label budgets, scenarios."""

from xlser.protocols.data import Bounds, Presentation, Schedule, Split
from xlser.protocols.freeze import freeze
from xlser.protocols.manifest import load_manifest, write_manifest
from xlser.protocols.protocol import Protocol
from xlser.protocols.published import published_utterances
from xlser.protocols.registry import get_protocol, is_registered, protocol_names
from xlser.protocols.scenario import Catalogue, Labels, Scenario

__all__ = [
    "Bounds",
    "Catalogue",
    "Labels",
    "Presentation",
    "Protocol",
    "Scenario",
    "Schedule",
    "Split",
    "freeze",
    "get_protocol",
    "is_registered",
    "load_manifest",
    "protocol_names",
    "published_utterances",
    "write_manifest",
]
