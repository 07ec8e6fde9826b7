"""Stand-in until `Protocol.presentation` is there."""

from typing import NamedTuple

from xlser.protocols import Protocol


class Presentation(NamedTuple):
    """Stand-in."""

    reference: str | None
    bounds: tuple[str, ...]


def presentation(protocol: Protocol) -> Presentation:
    """Stand-in."""
    return Presentation("sft", ("lower-bound", "upper-bound"))
