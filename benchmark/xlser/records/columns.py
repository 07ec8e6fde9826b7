"""A record as a row of a table: a column for each plain value, JSON text for each structure.

docs/records.md describes the columns. Values that no column holds (fields that later versions of
the record add) travel as JSON text in the column `more`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from xlser.methods.vocabulary import SOURCE_MODEL
from xlser.protocols import Labels
from xlser.records.migrations import Raw
from xlser.records.prediction import Predictions, Role, digits
from xlser.records.record import SCHEMA as SCHEMA_VERSION
from xlser.records.record import Record

ROLES: tuple[Role, ...] = ("target", "source")


class Column(NamedTuple):
    """How a value of a record is kept.

    Attributes:
        path: of the value in the record's JSON.
        type: of the column; text where the value is neither a number nor a truth value.
        is_json: whether the text is the value as JSON.
    """

    path: tuple[str, ...]
    type: pa.DataType
    is_json: bool = False


_TEXT, _INT, _FLOAT, _BOOL = pa.string(), pa.int64(), pa.float64(), pa.bool_()

COLUMNS: Mapping[str, Column] = {
    "key": Column(("key",), _TEXT),
    "protocol": Column(("protocol",), _TEXT),
    "protocol_version": Column(("protocol_version",), _INT),
    "protocol_digest": Column(("protocol_digest",), _TEXT),
    "scenario": Column(("scenario",), _TEXT),
    "method": Column(("method", "name"), _TEXT),
    "package": Column(("method", "package"), _TEXT),
    "packaged": Column(("method", "packaged"), _BOOL),
    "code": Column(("method", "code"), _TEXT),
    "target_labels": Column(("method", "target_labels"), _TEXT),
    "settings": Column(("method", "settings"), _TEXT, is_json=True),
    "changed": Column(("method", "changed"), _TEXT, is_json=True),
    "target": Column(("target",), _TEXT),
    "labels": Column(("labels",), _TEXT),
    "seed": Column(("seed",), _INT),
    "fold": Column(("fold",), _INT),
    "repeat": Column(("repeat",), _INT),
    "track": Column(("track",), _TEXT),
    "backbone": Column(("backbone", "name"), _TEXT),
    "weights": Column(("backbone", "weights"), _TEXT),
    "precision": Column(("precision",), _TEXT),
    "isolated": Column(("isolated",), _BOOL),
    "classes": Column(("classes",), _TEXT, is_json=True),
    "source_corpora": Column(("source_corpora",), _TEXT, is_json=True),
    "absent_corpora": Column(("absent_corpora",), _TEXT, is_json=True),
    "excluded": Column(("excluded",), _TEXT, is_json=True),
    "corpora": Column(("corpora",), _TEXT, is_json=True),
    "source_figure": Column(("source_figure",), _TEXT),
    "score_target_ua": Column(("scores", "target", "ua"), _FLOAT),
    "score_target_accuracy": Column(("scores", "target", "accuracy"), _FLOAT),
    "score_source_ua": Column(("scores", "source", "ua"), _FLOAT),
    "score_source_accuracy": Column(("scores", "source", "accuracy"), _FLOAT),
    "started": Column(("started",), _TEXT),
    "seconds_source_model": Column(("seconds", SOURCE_MODEL), _FLOAT),
    "seconds_fit": Column(("seconds", "fit"), _FLOAT),
    "seconds_predict": Column(("seconds", "predict"), _FLOAT),
    "memory_host": Column(("peak_memory", "host"), _INT),
    "memory_device": Column(("peak_memory", "device"), _INT),
    "packages": Column(("environment", "packages"), _TEXT, is_json=True),
    "git": Column(("environment", "git"), _TEXT, is_json=True),
    "python": Column(("environment", "python"), _TEXT),
    "system": Column(("environment", "system"), _TEXT),
    "processor": Column(("environment", "processor"), _TEXT),
    "device": Column(("environment", "device"), _TEXT),
    "threads": Column(("environment", "threads"), _INT),
}
"""All but the predictions, in the order of the record."""

MORE = "more"

_PREDICTIONS = {
    **{f"{role}_{name}": _TEXT for role in ROLES for name in ("utterances", "emotion")},
    **{f"{role}_predicted": pa.binary() for role in ROLES},
    "target_levels": pa.binary(),
}

TEXTS = [
    *(name for name, column in COLUMNS.items() if column.type == _TEXT),
    MORE,
    *(name for name, type_ in _PREDICTIONS.items() if type_ == _TEXT),
]
"""Columns of text; each distinct text is stored once."""

SCHEMA = pa.schema(
    [(name, column.type) for name, column in COLUMNS.items()]
    + [(MORE, _TEXT), *_PREDICTIONS.items()]
)
"""Of packed files. Tables in memory have a dictionary for each column of text."""


def to_table(records: Iterable[Record]) -> pa.Table:
    """Return records as a table, a row each, in their order.

    Raises:
        OverflowError, pyarrow.ArrowInvalid: a number that no column holds.
    """
    rows = [_row(record) for record in records]
    arrays = [pa.array([row[field.name] for row in rows], field.type) for field in SCHEMA]
    return pa.table(
        [array.dictionary_encode() if array.type == _TEXT else array for array in arrays],
        names=SCHEMA.names,
    )


def to_record(row: Mapping[str, Any]) -> Record:
    """Return the record of a row, whose values are as pyarrow gives them.

    Raises:
        ValueError: it is not of a record.
    """
    parts = tuple(Predictions(**part) for role in ROLES for part in _parts(row, role))
    return stated(row).model_copy(update={"predictions": parts})


def stated(row: Mapping[str, Any]) -> Record:
    """Return the record of a row without its predictions.

    Raises:
        ValueError: it is not of a record.
    """
    raw: Raw = {"schema_version": SCHEMA_VERSION}
    for name, column in COLUMNS.items():
        inner: Any = raw
        for depth, part in enumerate(column.path[:-1]):
            if depth and row[name] is None:
                break
            inner = inner.setdefault(part, {})
        else:
            if (value := row[name]) is not None:
                read = _READ.get(name)
                inner[column.path[-1]] = read(value) if read else value
    _merge(raw, json.loads(row[MORE]))
    return Record.model_validate_json(json.dumps(raw | {"predictions": []}))


def labels_of(text: str) -> Labels:
    """Return a label budget from a column's text."""
    return "all" if text == "all" else int(text)


_READ: Mapping[str, Callable[[str], Any]] = {
    "labels": labels_of,
    **{name: json.loads for name, column in COLUMNS.items() if column.is_json},
}
"""What makes a column's text the value of the record."""


def encoded(column: pa.ChunkedArray) -> tuple[list[str], npt.NDArray[np.intp]]:
    """Return the distinct texts of a column, and the index of each row's."""
    array = column.unify_dictionaries().combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
    return array.dictionary.to_pylist(), array.indices.to_numpy().astype(np.intp)


def values_of(column: pa.ChunkedArray) -> list[Any]:
    """Return the values of a column; far faster than pyarrow's own way for dictionaries."""
    if not pa.types.is_dictionary(column.type):
        return list(column.to_pylist())
    texts, index = encoded(column)
    return [texts[i] for i in index.tolist()]


def _row(record: Record) -> dict[str, Any]:
    raw = json.loads(record.model_dump_json(exclude={"predictions"}, exclude_unset=True))
    del raw["schema_version"]
    row: dict[str, Any] = {}
    for name, column in COLUMNS.items():
        value = _taken(raw, column.path)
        if column.is_json:
            value = json.dumps(value, ensure_ascii=False)
        row[name] = str(value) if name == "labels" else value
    for role in ROLES:
        parts = record.of_role(role)
        ids = [f"{part.corpus}/{name}" for part in parts for name in part.names]
        row[f"{role}_utterances"] = " ".join(ids)
        row[f"{role}_emotion"] = "".join([part.emotion for part in parts])
        predicted = digits("".join([part.predicted for part in parts]))
        row[f"{role}_predicted"] = predicted.tobytes()
    row["target_levels"] = b"".join([part.levels for part in record.of_role("target")])
    row[MORE] = json.dumps(_left(raw), ensure_ascii=False)
    return row


def _taken(raw: Raw, path: Sequence[str]) -> Any:
    """Remove and return a value; None where it is not stated."""
    for part in path[:-1]:
        raw = raw.get(part, {})
    return raw.pop(path[-1], None)


def _left(raw: Raw) -> Raw:
    """Return what no column took, without the structures that columns emptied."""
    left = {name: _left(value) if isinstance(value, dict) else value for name, value in raw.items()}
    return {name: value for name, value in left.items() if value != {}}


def _merge(raw: Raw, more: Raw) -> None:
    for name, value in more.items():
        if isinstance(value, dict) and name in raw:
            _merge(raw[name], value)
        else:
            raw[name] = value


def _parts(row: Mapping[str, Any], role: Role) -> Iterator[dict[str, Any]]:
    """Yield the predictions of a role, as `Predictions` holds them."""
    corpora = _by_corpus(row[f"{role}_utterances"])
    predicted = row[f"{role}_predicted"].translate(_DIGITS).decode("ascii")
    classes = len(row["target_levels"]) // max(len(row["target_predicted"]), 1)
    start = 0
    for corpus, names, count in corpora:
        stop = start + count
        part: dict[str, Any] = {
            "corpus": corpus,
            "role": role,
            "utterances": names,
            "emotion": row[f"{role}_emotion"][start:stop],
            "predicted": predicted[start:stop],
        }
        if role == "target":
            part["levels"] = row["target_levels"][start * classes : stop * classes]
        yield part
        start = stop


_DIGITS = bytes.maketrans(bytes(range(10)), b"0123456789")


@lru_cache(maxsize=256)
def _by_corpus(utterances: str) -> list[tuple[str, str, int]]:
    """Return each corpus of some ids, the names of its utterances, and how many they are."""
    ids = [id_.partition("/") for id_ in utterances.split()]
    found = []
    for corpus, members in groupby(ids, key=lambda id_: id_[0]):
        names = [name for _, _, name in members]
        found.append((corpus, " ".join(names), len(names)))
    return found
