"""Packed files: many records in one Parquet file, exact and compressed.

Pandas and the Hub read one as it is, one row per run (docs/records.md). Equal records give equal
bytes with the same version of pyarrow, whatever the order in which they were packed.
"""

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from xlser.errors import RecordError
from xlser.records import columns
from xlser.records.record import SCHEMA

_NAMED = re.compile(r"-k([0-9a-z]+)-s\d+(-f\d+)?(-r\d+)?-[0-9a-f]{8}\.json$")
"""Name of a record's own file after that of its method (`xlser.records.place`)."""

OPTIONAL = ("fold",)
"""Columns that a file may lack: no record of it states them."""

_VERSION = b"xlser.records"
"""Of the file's metadata: the schema of its records."""

_LEVEL = 9  # of zstd: 15 saves another 4 % and takes four times as long
_DICTIONARY = 1 << 28  # bytes of distinct texts a column may have: names of utterances are long


def packed_path(own: Path) -> Path:
    """Return the packed file that a record belongs in: one a folder and label budget.

    Several, as a file of all budgets grows beyond what a repository and its reviewers like.

    Args:
        own: path of the record's own file. Of one that no record is named like, "k.parquet" comes
            back, which holds nothing.

    Example:
        >>> packed_path(Path("german/frozen/egemaps/svm-k25-s0-f1-0123abcd.json")).as_posix()
        'german/frozen/egemaps/k25.parquet'
    """
    named = _NAMED.search(own.name)
    return own.with_name(f"k{named[1] if named else ''}.parquet")


def to_bytes(table: pa.Table) -> bytes:
    """Return the packed file of a table of `columns.SCHEMA`, less optional columns without values.

    So a column that a later version adds changes no file of records that do not state it.
    """
    empty = [name for name in OPTIONAL if table[name].null_count == table.num_rows]
    table = table.drop_columns(empty)
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata({_VERSION: str(SCHEMA)}),
        sink,
        compression="zstd",
        compression_level=_LEVEL,
        use_dictionary=columns.TEXTS,
        dictionary_pagesize_limit=_DICTIONARY,
        write_statistics=False,
        write_page_checksum=True,
        row_group_size=max(table.num_rows, 1),
    )
    return bytes(sink.getvalue())


def read_table(path: Path) -> pa.Table:
    """Read a packed file; columns of text are dictionaries.

    Raises:
        RecordError: it is cut off, of a newer schema, or none of ours.
    """
    try:
        return from_bytes(path.read_bytes())
    except (OSError, ValueError) as cause:
        raise RecordError(
            f"{path} is not a packed file of records of schema {SCHEMA} or older: {cause}",
            "Update xlser if its schema is newer; else get it anew or remove it.",
        ) from cause


def from_bytes(content: bytes) -> pa.Table:
    """Read the content of a packed file.

    Raises:
        ValueError: it is none of ours.
    """
    try:
        metadata = pq.read_schema(pa.BufferReader(content)).metadata or {}
        version = metadata.get(_VERSION, b"").decode("ascii", "replace")
        if version != str(SCHEMA):
            raise ValueError(f"it states {f'schema {version}' if version else 'no schema'}")
        table = pq.ParquetFile(
            pa.BufferReader(content), read_dictionary=columns.TEXTS, page_checksum_verification=True
        ).read(use_threads=False)  # threads keep memory of their own
        table.validate(full=True)
    except (pa.ArrowException, OSError, KeyError) as cause:
        raise ValueError(str(cause)) from cause
    for name in OPTIONAL:
        if name not in table.column_names:
            place, kind = columns.SCHEMA.get_field_index(name), columns.SCHEMA.field(name).type
            table = table.add_column(place, name, pa.nulls(table.num_rows, kind))
    if table.column_names != columns.SCHEMA.names:
        lacking = [name for name in columns.SCHEMA.names if name not in table.column_names]
        raise ValueError(f"its columns are others; {', '.join(lacking) or 'none'} lack")
    for field, own in zip(table.schema, columns.SCHEMA, strict=True):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if kind != own.type:
            raise ValueError(f"its column {own.name} is of type {kind}, not {own.type}")
    _require_texts(table)
    return table.replace_schema_metadata(None)


def _require_texts(table: pa.Table) -> None:
    """Look at each distinct text of a table.

    Raises:
        ValueError: one is no JSON, no label budget or no digits where it must be, or is lacking.
    """
    for name in columns.TEXTS:
        if table[name].null_count:
            raise ValueError(f"its column {name} lacks values")
        texts, _ = columns.encoded(table[name])
        column = columns.COLUMNS.get(name)
        for text in texts:
            if name == "labels":
                columns.labels_of(text)
            elif name == columns.MORE or (column and column.is_json):
                json.loads(text)
            elif name.endswith("_emotion") and text and not (text.isascii() and text.isdigit()):
                raise ValueError(f"its column {name} has {text[:20]!r} for digits")


def read_keys(path: Path) -> list[str]:
    """Read only the keys of the records in a packed file.

    Raises:
        RecordError: it is no Parquet file with keys.
    """
    try:
        keys: list[str] = pq.read_table(path, columns=["key"])["key"].to_pylist()
    except (pa.ArrowException, OSError, KeyError) as cause:
        raise RecordError(
            f"{path} is not a packed file of records: {cause}", "Get it anew or remove it."
        ) from cause
    return keys
