"""A folder of records: files of a run each, and packed files of many, side by side."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from xlser.errors import RecordError
from xlser.records.columns import to_table
from xlser.records.record import Record, no_record
from xlser.records.runs_table import Block, Runs, TestSet

_AT_ONCE = 200  # records of files of their own that are held as objects

_KEY = re.compile(rb'"key": ?"([^"\\]*)"')


def files(results: Path, suffix: str) -> list[Path]:
    """Return the files of records below a folder, sorted; hidden ones are none of ours."""
    found = sorted(results.rglob(f"*{suffix}"))
    return [
        path
        for path in found
        if not any(part.startswith(".") for part in path.relative_to(results).parts)
    ]


def read_records(results: Path) -> Iterator[tuple[Path, Record]]:
    """Read every record below `results` once, one at a time, in the order of their paths.

    Raises:
        RecordError: a file is not a record, or its scores are not those of its predictions.
    """
    for path in files(results, ".json"):
        yield path, Record.read(path)


def known_keys(results: Path) -> Mapping[str, Path]:
    """Return the keys of all records below `results`, each with the file that holds it.

    Of a record's own file only the beginning is read, where its key stands.
    """
    known: dict[str, Path] = {}
    for path in files(results, ".json"):
        if key := _key(path):
            known.setdefault(key, path)
    return known


def _key(path: Path) -> str | None:
    with path.open("rb") as file:
        if found := _KEY.search(file.read(512)):
            return found[1].decode("ascii", "replace")
    try:
        return str(json.loads(path.read_bytes())["key"])
    except (ValueError, KeyError, TypeError):
        return None


def read_runs(results: Path) -> Runs:
    """Read every record below `results` once, as one table.

    Raises:
        RecordError: a file holds no record, or scores are not those of the predictions.
    """
    paths = files(results, ".json")
    return Runs([(loose_block(paths, {}), paths, paths)])


def loose_block(paths: Sequence[Path], known: dict[tuple[str, str], TestSet]) -> Block:
    """Read records from files of their own, and check their scores.

    Args:
        paths: of the files.
        known: test sets by their text; those found are added.

    Raises:
        RecordError: a file holds no record, or scores are not those of its predictions.
    """
    starts = range(0, max(len(paths), 1), _AT_ONCE)
    tables = [_table(paths[start : start + _AT_ONCE]) for start in starts]
    return Block(pa.concat_tables(tables), known)


def _table(paths: Sequence[Path]) -> pa.Table:
    try:
        return to_table(map(Record.read, paths))
    except (OverflowError, pa.ArrowInvalid) as cause:
        if len(paths) == 1:
            raise no_record(paths[0], cause) from cause
        return pa.concat_tables([_table([path]) for path in paths])


__all__ = ["RecordError", "TestSet", "known_keys", "read_records", "read_runs"]
