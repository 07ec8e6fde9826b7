"""Protocols by name, found through entry points."""

from functools import cache

from xlser import registry
from xlser.errors import UnknownNameError
from xlser.protocols.protocol import Protocol


def protocol_names() -> list[str]:
    """Return the names of all registered protocols, sorted."""
    return registry.names("xlser.protocols")


def is_registered(protocol: Protocol) -> bool:
    """Say whether an installed package registers a protocol, to the last value."""
    names = protocol_names()
    return protocol.name in names and get_protocol(protocol.name).digest == protocol.digest


@cache
def get_protocol(name: str) -> Protocol:
    """Return the protocol registered as `name`.

    Raises:
        UnknownNameError: no package registers it.
        ManifestError: its manifest is broken.
        PluginError: two packages claim the name, its function fails, or it returns no protocol of
            that name.
    """
    if name not in protocol_names():
        advice = "If it is in a package of its own, install that package."
        raise UnknownNameError("protocol", name, protocol_names(), advice)
    return registry.call("xlser.protocols", name, Protocol)
