"""Protocols by name, found through entry points, and by file."""

from functools import cache
from pathlib import Path

from xlser import registry
from xlser.errors import InvalidProtocolError, UnknownNameError
from xlser.protocols.manifest import load_manifest, write_manifest
from xlser.protocols.protocol import Protocol
from xlser.protocols.recipe import read_recipe
from xlser.settings import Settings

_OWN = "protocol.json"
"""Name of the manifest beside the results of a protocol that no package registers."""


def protocol_names() -> list[str]:
    """Return the names of all registered protocols, sorted."""
    return registry.names("xlser.protocols")


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
        advice = (
            "If it is in a package of its own, install that package; one of your own is named by "
            "its file (.json or .toml)."
        )
        raise UnknownNameError("protocol", name, protocol_names(), advice)
    return registry.call("xlser.protocols", name, Protocol)


def find_protocol(
    given: str | Path | Protocol,
    leaderboards: Path | None = None,
    settings: Settings | None = None,
) -> Protocol:
    """Return a protocol: by its name, or of a file.

    Args:
        given: a registered name, the name of one whose results are in `leaderboards`, a manifest
            (.json), a TOML file that states a protocol by a rule, or a protocol.
        leaderboards: folder of leaderboards; the protocols of one's own that ran there are known.
        settings: where corpora are, for a TOML file; default: as `xlser.toml` and the environment
            state.

    Raises:
        UnknownNameError: there is no such protocol.
        ManifestError: its file is broken.
        InvalidProtocolError: it has the name of a registered protocol.
    """
    if isinstance(given, Protocol):
        return _unlike_registered(given)
    path = Path(given)
    if path.suffix == ".toml":
        return _unlike_registered(read_recipe(path, settings or Settings.gather()))
    if path.suffix == ".json":
        return _unlike_registered(load_manifest(path))
    name = str(given)
    if name not in protocol_names() and leaderboards and (leaderboards / name / _OWN).is_file():
        return load_manifest(leaderboards / name / _OWN)
    return get_protocol(name)


def is_registered(protocol: Protocol) -> bool:
    """Return whether an installed package registers a protocol, to the last value."""
    names = protocol_names()
    return protocol.name in names and get_protocol(protocol.name).digest == protocol.digest


def names_with_results(leaderboards: Path) -> list[str]:
    """Return the names of protocols with results in a folder of leaderboards, sorted."""
    found = sorted(path.parent.name for path in leaderboards.glob("*/results"))
    known = protocol_names()
    return [name for name in found if name in known or (leaderboards / name / _OWN).is_file()]


def keep_manifest(protocol: Protocol, leaderboards: Path) -> None:
    """Write the manifest of a protocol that no package registers beside its results.

    Raises:
        InvalidProtocolError: the results there are of another protocol of that name.
    """
    if is_registered(protocol):
        return
    path = leaderboards / protocol.name / _OWN
    if path.is_file():
        if load_manifest(path).digest == protocol.digest:
            return
        raise InvalidProtocolError(
            f"{path} states another protocol named {protocol.name}.",
            "Scores of different protocols are not comparable: name yours otherwise, or name "
            "another folder (--leaderboards).",
        )
    write_manifest(protocol, path)


def _unlike_registered(protocol: Protocol) -> Protocol:
    if protocol.name in protocol_names() and not is_registered(protocol):
        raise InvalidProtocolError(
            f"{protocol.name} is the name of a registered protocol, which this one is not.",
            "Give yours another name: their scores are not comparable.",
        )
    return protocol
