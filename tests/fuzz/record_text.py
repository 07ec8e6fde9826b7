"""Records as text, and the ways in which a stranger's file may differ from one."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Span:
    """Where one value of a JSON text stands.

    Attributes:
        member: start of its key; the value's own start in an array and at the root.
        start: of the value.
        stop: end of the value.
    """

    member: int
    start: int
    stop: int


@dataclass(frozen=True)
class Json:
    """A JSON text and the place of every value in it."""

    text: bytes
    spans: tuple[Span, ...]

    @classmethod
    def of(cls, document: Any) -> "Json":
        """Write a document."""
        spans: list[Span] = []
        text = _written(document, 0, 0, spans)
        return cls(text.encode("ascii"), tuple(spans))


def _written(value: Any, member: int, start: int, spans: list[Span]) -> str:
    if isinstance(value, dict):
        text = "{"
        for key, inner in value.items():
            text += "," if len(text) > 1 else ""
            name = json.dumps(key) + ":"
            at = start + len(text)
            text += name + _written(inner, at, at + len(name), spans)
        text += "}"
    elif isinstance(value, list):
        text = "["
        for inner in value:
            text += "," if len(text) > 1 else ""
            at = start + len(text)
            text += _written(inner, at, at, spans)
        text += "]"
    else:
        text = json.dumps(value)
    spans.append(Span(member, start, start + len(text)))
    return text


def replaced(text: bytes, span: Span, value: bytes) -> bytes:
    """Put `value` in the place of a value."""
    return text[: span.start] + value + text[span.stop :]


def doubled(text: bytes, span: Span, value: bytes) -> bytes:
    """Put `value` behind a value, under the same key if it has one."""
    key = text[span.member : span.start]
    return text[: span.stop] + b"," + key + value + text[span.stop :]


def renamed(text: bytes, span: Span, value: bytes) -> bytes:
    """Put `value` in the place of a value's key; before the value, if it has none."""
    return text[: span.member] + value + b":" + text[span.start :]


def wrapped(text: bytes, span: Span, value: bytes) -> bytes:
    """Put a value into an array, before `value`."""
    return (
        text[: span.start]
        + b"["
        + text[span.start : span.stop]
        + b","
        + value
        + b"]"
        + (text[span.stop :])
    )


def dropped(text: bytes, span: Span, value: bytes) -> bytes:
    """Leave out a value and its key."""
    before, after = text[: span.member], text[span.stop :]
    if after.startswith(b","):
        return before + after[1:]
    return before.removesuffix(b",") + after


Change = Callable[[bytes, Span, bytes], bytes]

CHANGES: list[Change] = [replaced, doubled, renamed, wrapped, dropped]


def everywhere(record: Json, change: Change, value: bytes) -> list[bytes]:
    """Return the texts that come of one change to each value of a record."""
    return [change(record.text, span, value) for span in record.spans]


def overwritten(text: bytes, stretch: bytes, cut: int, places: int) -> list[bytes]:
    """Return texts with `stretch` for `cut` bytes, at so many places."""
    return [
        text[:at] + stretch + text[at + cut :] for at in range(0, len(text), len(text) // places)
    ]


def flipped(text: bytes, bit: int, first: int, places: int) -> list[bytes]:
    """Return texts in which one bit differs, at so many places from the `first` byte on."""
    texts = []
    for at in range(first, len(text), len(text) // places):
        texts.append(text[:at] + bytes([text[at] ^ 1 << bit]) + text[at + 1 :])
    return texts


def truncated(text: bytes, first: int, places: int) -> list[bytes]:
    """Return beginnings of a text, of so many lengths from `first` on."""
    return [text[:at] for at in range(first, len(text), len(text) // places)]
