"""Damaged or changed files of records are reported as errors."""

import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.records.files_of_records import lay_down

from xlser.errors import RecordError
from xlser.records import Record
from xlser.records.columns import SCHEMA
from xlser.records.packing import pack
from xlser.records.store import Contents, files, known_keys, read_records, read_runs
from xlser.records.validate import validate


def test_a_file_cut_off_at_its_beginning_is_no_known_run(results: Path, some: list[Record]) -> None:
    (path,) = lay_down(results, some[:1])
    path.write_bytes(b"")
    assert not known_keys(results)
    path.write_bytes(b"[1]")
    assert not known_keys(results)


Change = Callable[[pa.Table], pa.Table]


def put(name: str, value: object) -> Change:
    """Return what sets a value in the first row."""

    def change(table: pa.Table) -> pa.Table:
        values = table[name].to_pylist()
        values[0] = value(values[0]) if callable(value) else value
        index = table.column_names.index(name)
        return table.set_column(index, name, pa.array(values, SCHEMA.field(name).type))

    return change


def flipped(content: bytes) -> bytes:
    return bytes((byte + 1) % 5 for byte in content)


def one_more(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (put("score_target_ua", 0.99), "states figures that its predictions do not give"),
        (put("score_source_accuracy", None), "states figures that its predictions do not give"),
        (put("source_predicted", flipped), "states figures that its predictions do not give"),
        (put("target_predicted", flipped), "are not those of its levels"),
        (put("target_levels", one_more), "are not those of its levels"),
        (put("target_levels", lambda own: own[:-1]), "has not"),
        (put("source_predicted", lambda own: own + b"\1"), "has not"),
        (put("source_predicted", lambda own: b"\x07" + own[1:]), "are not those of its levels"),
        (put("target_emotion", lambda own: own[1:]), "has no 5 classes an utterance"),
        (put("target_emotion", lambda own: "/" + own[1:]), "for digits"),
        (put("classes", "[1,"), "Expecting value"),
        (put("labels", "many"), "invalid literal"),
        (put("method", None), "lacks values"),
    ],
)
def test_a_changed_packed_file_is_found_out(
    change: Change, expected: str, results: Path, some: list[Record]
) -> None:
    lay_down(results, some[:4])
    pack(results)
    file = files(results, ".parquet")[0]
    table = change(pq.read_table(file))
    pq.write_table(table, file)
    with pytest.raises(RecordError, match=expected) as raised:
        read_runs(results)
    assert str(file) in raised.value.problem
    assert raised.value.remedy
    with pytest.raises(RecordError, match=expected):
        list(read_records(results))
    faults = validate([file]).faults
    assert any(expected in fault.what for fault in faults)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (put("track", "sideways"), "is not a record of schema 3"),
        (put("started", "yesterday"), "is not a record of schema 3"),
        (put("precision", {"fp32": "bf16", "bf16": "fp32"}.get), "Its key is "),
        (put("seed", 1), "Its digest of who trained"),
    ],
)
def test_validation_looks_at_packed_records_as_at_others(
    change: Change, expected: str, results: Path, some: list[Record]
) -> None:
    lay_down(results, [record for record in some if record.protocol == "v1"][:4])
    pack(results)
    file = files(results, ".parquet")[0]
    assert not validate([file]).faults
    pq.write_table(change(pq.read_table(file)), file)
    faults = validate([file]).faults
    assert any(expected in fault.what for fault in faults), faults


def foreign() -> bytes:
    sink = io.BytesIO()
    pd.DataFrame({"key": ["a"], "x": [1]}).to_parquet(sink)
    return sink.getvalue()


def newer(content: bytes) -> bytes:
    table = pq.read_table(io.BytesIO(content))
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"xlser.records": "4"}), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda content: content[: len(content) // 2], "footer|magic|Parquet"),
        (lambda content: b"", "Parquet|0 bytes"),
        (lambda content: foreign(), "no schema"),
        (newer, "schema 4"),
    ],
)
def test_what_is_no_packed_file_is_an_error_with_a_remedy(
    change: Callable[[bytes], bytes], expected: str, results: Path, some: list[Record]
) -> None:
    lay_down(results, some[:2])
    pack(results)
    file = files(results, ".parquet")[0]
    file.write_bytes(change(file.read_bytes()))
    lay_down(results, some[:2])
    for read in (read_runs, Contents.of, pack):
        with pytest.raises(RecordError, match=expected) as raised:
            read(results)
        assert "Update xlser if its schema is newer" in raised.value.remedy
    (fault,) = validate([file]).faults
    assert str(file) in fault.what
