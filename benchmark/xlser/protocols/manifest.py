"""Manifests: protocols as JSON files that state their digest."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xlser.errors import InvalidProtocolError, ManifestError
from xlser.protocols.data import without_presentation
from xlser.protocols.protocol import Protocol
from xlser.system.files import digest_json


def load_manifest(path: Path) -> Protocol:
    """Return the protocol that a manifest states.

    Raises:
        ManifestError: the file cannot be read, is not JSON, states another digest than it has, or
            its protocol is invalid; the message names the path and the place in the file.
    """
    stated = _read(path)
    digest = stated.pop("digest", None)
    actual = digest_json(without_presentation(stated))
    if digest != actual:
        raise ManifestError(
            f"The manifest {path} does not have the digest it states: it states "
            f"{'none' if digest is None else digest}, its content has {actual}.",
            "Install its package anew; a changed protocol is a new version, whose manifest "
            "xlser.protocols.write_manifest writes.",
        )
    try:
        protocol = Protocol.model_validate(stated)
    except InvalidProtocolError as fault:
        raise ManifestError(f"The manifest {path}: {fault.problem}", fault.remedy) from fault
    difference = _difference(stated, protocol.stated(), "")
    if difference:
        raise ManifestError(f"The manifest {path}: {difference}", "State it so.")
    return protocol


def write_manifest(protocol: Protocol, path: Path) -> None:
    """Write what a protocol states, and its digest, to `path`."""
    manifest = {**protocol.stated(), "digest": protocol.digest}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_laid_out(manifest) + "\n", encoding="utf-8")


def _laid_out(value: Any, depth: int = 0) -> str:
    """Return JSON with one line for each list of plain values: lists of names are long."""
    inner = "\n" + " " * (depth + 1)
    if isinstance(value, Mapping) and value:
        fields = (f"{json.dumps(name)}: {_laid_out(of, depth + 1)}" for name, of in value.items())
        return "{" + inner + f",{inner}".join(fields) + inner[:-1] + "}"
    if isinstance(value, list) and any(isinstance(of, list | Mapping) for of in value):
        entries = (_laid_out(of, depth + 1) for of in value)
        return "[" + inner + f",{inner}".join(entries) + inner[:-1] + "]"
    return json.dumps(value, ensure_ascii=False)


def _read(path: Path) -> dict[str, Any]:
    try:
        stated = json.loads(path.read_bytes(), object_pairs_hook=_without_doubles)
    except FileNotFoundError as cause:
        raise ManifestError(
            f"The manifest {path} is not there.",
            "Name a file that is there; `xlser protocols` lists the registered ones.",
        ) from cause
    except OSError as cause:
        raise ManifestError(
            f"The manifest {path} cannot be read: {cause.strerror}.", "Install its package anew."
        ) from cause
    except (ValueError, RecursionError) as cause:  # of JSON, of UTF-8 or of a field stated twice
        raise ManifestError(
            f"The manifest {path} is not valid JSON: {cause}.",
            "Correct it there, or install its package anew.",
        ) from cause
    if not isinstance(stated, dict):
        raise ManifestError(
            f"The manifest {path} holds a {type(stated).__name__}, not an object.",
            "Let it state the fields of a protocol by name.",
        )
    return stated


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise ValueError(f"{name!r} is stated twice")
        values[name] = value
    return values


def _difference(stated: Any, read: Any, place: str) -> str | None:
    """Return where a manifest leaves a value to a default, or writes it in another form."""
    if isinstance(stated, Mapping) and isinstance(read, Mapping):
        for name in read:
            if name not in stated:
                return f"{place}{name} is not stated; it is {read[name]!r}."
            found = _difference(stated[name], read[name], f"{place}{name}.")
            if found:
                return found
    elif isinstance(stated, list) and isinstance(read, list) and len(stated) == len(read):
        for i, (one, other) in enumerate(zip(stated, read, strict=True)):
            found = _difference(one, other, f"{place}{i}.")
            if found:
                return found
    elif json.dumps(stated) != json.dumps(read):
        return f"{place.rstrip('.')} is {stated!r} where it should be {read!r}."
    return None
