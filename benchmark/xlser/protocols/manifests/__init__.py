"""The protocols of the suite, as entry points return them."""

from pathlib import Path

from xlser.protocols.manifest import load_manifest
from xlser.protocols.protocol import Protocol

FOLDER = Path(__file__).parent


def v1() -> Protocol:
    """Return the protocol that ranks."""
    return load_manifest(FOLDER / "v1.json")


def v2() -> Protocol:
    """Return the protocol over eleven languages, a draft."""
    return load_manifest(FOLDER / "v2.json")


def demo() -> Protocol:
    """Return the protocol over synthetic speech."""
    return load_manifest(FOLDER / "demo.json")
