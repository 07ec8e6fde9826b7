"""Records that strangers may have made or damaged, and what is asked of their readers."""

import base64
import json
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from tests.fuzz.inputs import ODD_TEXT, any_text
from tests.fuzz.record_text import (
    CHANGES,
    Json,
    everywhere,
    flipped,
    overwritten,
    replaced,
    truncated,
)

from xlser.errors import RecordError
from xlser.metrics import Scores, score
from xlser.records import Predictions, Record
from xlser.records.store import read_records
from xlser.records.validate import identity, validate
from xlser.system.files import digest_json

COMMITTED = Path(__file__).parents[2] / "leaderboards"

PLACES = 50  # of a text at which bytes are changed

NUMBERS = [
    *(b"0", b"-0", b"1", b"2", b"3", b"-1", b"0.5", b"1.0", b"-0.0", b"1e308", b"1e400", b"1e-400"),
    *(b"9" * 20, b"9" * 4_300, b"-" + b"9" * 4_301, b"0." + b"1" * 10_000),
    *(b"NaN", b"Infinity", b"-Infinity"),
]
STRINGS = [
    *(b'""', b'" "', b'"\\ud800"', b'"\\u0000"', b'"' + b"x" * 20_000 + b'"'),
    *(b'"v9"', b'"agarla2022"', b'"../v1"', b'"/etc/passwd"', b'"demo/../v1"', b'"klingon"'),
    *(b'"all"', b'"1"', b'"1.5"', b'"nan"', b'"AA=="', b'"AA"', b'"A A="', b'"_-8="'),
]
NESTED = [
    *(b"[]", b"{}", b"[[]]", b'[""]', b"[0]", b'{"a":1,"a":2}', b'{"":{}}', b'{"ravdess":["a"]}'),
    *(b"[" + b"0," * 1_000 + b"0]", b"[" + b'"a",' * 1_000 + b'"a"]'),
    *(b"[" * 150 + b"]" * 150, b"[" * 10_000 + b"]" * 10_000),
]
NO_JSON = [
    *(b"", b"01", b"+1", b".5", b"0x1", b"undefined", b"'a'", b"[" * 20_000, b'{"a":' * 20_000),
    *(b'"\x00"', b'"\xff"', b'"\xed\xa0\x80"', b'"\n"'),
]
ODD_JSON = [b"null", b"true", b"false", *NUMBERS, *STRINGS, *NESTED, *NO_JSON]


def small(record: Record) -> dict[str, Any]:
    """Return a committed record of six utterances a corpus, with their figures."""
    parts = tuple(shortened(part) for part in record.predictions)
    record = record.model_copy(update={"predictions": parts})
    return document(record.model_copy(update={"scores": record.rescored()}))


def shortened(part: Predictions) -> Predictions:
    changes: dict[str, Any] = {
        "utterances": " ".join(part.names[:6]),
        "emotion": part.emotion[:6],
        "predicted": part.predicted[:6],
    }
    if part.role == "target":
        changes["levels"] = part.level_matrix[:6].tobytes()
    return part.model_copy(update=changes)


def document(record: Record) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(record.to_json())
    return written


def values() -> st.SearchStrategy[bytes]:
    """JSON, almost JSON, and what is no JSON at all."""
    number = st.integers() | st.floats()
    leaf = st.none() | st.booleans() | number | any_text(5) | st.sampled_from(ODD_TEXT)
    tree = st.recursive(
        leaf,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text(3), inner, max_size=3),
        max_leaves=6,
    )
    packed = st.binary(max_size=40).map(base64.b64encode).map(lambda text: b'"' + text + b'"')
    odd = st.sampled_from(ODD_JSON)
    return odd | odd | packed | tree.map(lambda value: json.dumps(value).encode())


@st.composite
def other_predictions(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Predictions of any bits; lengths agree and levels sum to 255 more often than not."""
    parts = []
    for role in draw(st.lists(st.sampled_from(["target", "source"]), max_size=3)):
        utterances, classes = draw(st.integers(0, 4)), draw(st.sampled_from([5, 5, 5, 0, 1, 11]))
        names = utterances + draw(st.sampled_from([0, 0, 0, 1, -1]))
        digits = st.lists(st.integers(0, 4), min_size=utterances, max_size=utterances)
        predicted = draw(digits)
        certain = np.eye(11, dtype=np.uint8)[predicted, :classes] * 255
        length = utterances * classes + draw(st.sampled_from([0, 0, 2, 1]))
        levels = draw(
            st.sampled_from([certain.tobytes()] * 3) | st.binary(min_size=length, max_size=length)
        )
        stated = {"levels": base64.b64encode(levels).decode()}
        parts.append(
            {
                **(stated if role == "target" else {}),
                "predicted": "".join(map(str, predicted)),
                "corpus": draw(st.sampled_from(["emodb", "demo-german", "tess", "", "../tess"])),
                "role": role,
                "utterances": " ".join(["03a01Fa", "f1-s1-anger", "a", "a", "b"][: max(names, 0)]),
                "emotion": "".join(map(str, draw(digits))),
            }
        )
    return parts


@st.composite
def texts(draw: st.DrawFn, originals: list[dict[str, Any]]) -> list[bytes]:
    """Texts that differ from a record by the same change, each at another place."""
    document = draw(st.sampled_from(originals))
    if draw(st.integers(0, 3)) == 3:
        document = document | {"predictions": draw(other_predictions())}
    record = Json.of(document)
    way = draw(st.integers(0, 9))
    if way == 0:
        return flipped(record.text, draw(st.integers(0, 7)), draw(st.integers(0, 49)), PLACES)
    if way == 1:
        return overwritten(
            record.text, draw(st.binary(max_size=6)), draw(st.integers(0, 9)), PLACES
        )
    if way == 2:
        return truncated(record.text, draw(st.integers(0, 49)), PLACES)
    own = st.sampled_from(record.spans).map(lambda span: record.text[span.start : span.stop])
    return everywhere(record, draw(st.sampled_from(CHANGES)), draw(own | values() | values()))


def odd_values(original: dict[str, Any]) -> list[bytes]:
    """Return a record with each odd value in each place."""
    record = Json.of(original)
    return [text for value in ODD_JSON for text in everywhere(record, replaced, value)]


def restated(content: bytes) -> bytes:
    """Give a record the figures and the key that follow from the rest of it; leave what is none."""
    try:
        record = Record.of_json(content)
        record = record.model_copy(update={"scores": record.rescored()})
        return record.model_copy(update={"key": digest_json(identity(record))}).to_json()
    except (RecordError, ValueError, IndexError):
        return content


def batches(originals: list[dict[str, Any]]) -> st.SearchStrategy[list[bytes]]:
    """Batches of texts that differ from a record; half of them state what follows from them."""
    plain = texts(originals)
    return plain | plain.map(lambda batch: [restated(text) for text in batch])


def figures(record: Record) -> dict[str, Scores]:
    """Score a record's predictions without the reader's help."""
    scores = {}
    for role in {part.role for part in record.predictions}:
        parts = record.of_role(role)
        if role == "target" or record.source_figure == "pooled":
            groups = [parts]
        else:
            groups = [[part] for part in parts]
        each = [
            score(
                np.concatenate([part.truth for part in group]),
                np.concatenate([part.prediction for part in group]),
                len(record.classes),
            )
            for group in groups
        ]
        scores[role] = Scores(fmean(s.ua for s in each), fmean(s.accuracy for s in each))
    return scores


def require_stated_figures(record: Record) -> None:
    expected = figures(record)
    assert record.scores.keys() == expected.keys()
    for role, stated in record.scores.items():
        assert stated.ua == pytest.approx(expected[role].ua, abs=1e-9)
        assert stated.accuracy == pytest.approx(expected[role].accuracy, abs=1e-9)


def originals(demo: Path) -> list[dict[str, Any]]:
    """Records to begin with: of the demo, and small ones of both source figures."""
    first = [next(read_records(COMMITTED / p / "results"))[1] for p in ("v1", "agarla2022")]
    return [document(Record.read(demo)), *map(small, first)]


def read(content: bytes, path: Path) -> str | None:
    """Read a file, and hold what is accepted against the figures and the file it gives."""
    path.write_bytes(content)
    try:
        record = Record.read(path)
    except RecordError as error:
        cause = type(error.__cause__).__name__ if error.__cause__ else "other figures"
        return f"{type(error).__name__}: {cause}"
    require_stated_figures(record)
    path.write_bytes(record.to_json())
    assert Record.read(path).to_json() == record.to_json()
    return None


def look_at(content: bytes, path: Path) -> str | None:
    """Validate a file."""
    path.write_bytes(content)
    found = validate([path])
    assert found.records == 1
    return kind([fault.what for fault in found.faults])


def kind(whats: list[str]) -> str | None:
    """Return the kind of the first of what was found wrong."""
    if not whats:
        return None
    kinds = {"is not a record": "unreadable", "states figures": "other figures"}
    return next((kind for said, kind in kinds.items() if said in whats[0]), "against its protocol")
