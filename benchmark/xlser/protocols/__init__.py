"""Frozen protocols: splits, label budgets, scenarios."""

from xlser.protocols.protocol import Catalogue, Labels, Protocol, Scenario, Schedule, Split
from xlser.protocols.registry import get_protocol, protocol_names

__all__ = [
    "Catalogue",
    "Labels",
    "Protocol",
    "Scenario",
    "Schedule",
    "Split",
    "get_protocol",
    "protocol_names",
]
