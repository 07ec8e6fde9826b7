"""The protocols that come with the suite: `v1`, which ranks, and `demo`, on synthetic speech."""

from pathlib import Path

from xlser.protocols import Protocol, load_manifest

FOLDER = Path(__file__).parent / "manifests"


def v1() -> Protocol:
    """Return the protocol that ranks."""
    return load_manifest(FOLDER / "v1.json")


def v2() -> Protocol:
    """Return the protocol over eleven languages, a draft."""
    return load_manifest(FOLDER / "v2.json")


def demo() -> Protocol:
    """Return the protocol over synthetic speech."""
    return load_manifest(FOLDER / "demo.json")
