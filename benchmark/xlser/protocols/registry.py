"""Protocols by name, read from their committed manifests."""

import json
from functools import cache
from pathlib import Path

from xlser.errors import ProtocolError, UnknownNameError
from xlser.protocols.protocol import Protocol

MANIFESTS = Path(__file__).parent / "manifests"


def protocol_names() -> list[str]:
    """Return the names of all protocols, sorted."""
    return sorted(path.stem for path in MANIFESTS.glob("*.json"))


@cache
def get_protocol(name: str) -> Protocol:
    """Return a protocol.

    Raises:
        UnknownNameError: there is none of that name.
        ProtocolError: its manifest was changed without a new digest.
    """
    if name not in protocol_names():
        raise UnknownNameError("protocol", name, protocol_names())
    path = MANIFESTS / f"{name}.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    digest = manifest.pop("digest", None)
    protocol = Protocol.model_validate(manifest)
    if protocol.digest != digest:
        raise ProtocolError(
            f"The manifest {path} does not have the digest it states.",
            "Install xlser anew; a changed protocol is a new version with a new manifest.",
        )
    return protocol
