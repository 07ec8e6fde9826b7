"""Packing: records move from files of their own into packed files, and back; none is lost."""

import fcntl
import os
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from xlser.errors import RecordError
from xlser.files import write_atomically
from xlser.records import packed
from xlser.records.columns import SCHEMA, to_record, to_table
from xlser.records.record import Record
from xlser.records.store import Packed, files, paths_of, read_runs

_MIB = 1 << 20


@dataclass(frozen=True)
class Packing:
    """What packing or unpacking did.

    Attributes:
        records: how many were moved.
        written: the files that now hold them.
        left: files that stay as they are, with the reason.
    """

    records: int
    written: Sequence[Path]
    left: Mapping[Path, str]


def pack(results: Path) -> Packing:
    """Move records into packed files, `<target>/records.parquet`, with those already there.

    A record's own file is removed only after the packed file was read back and holds the record
    to the last byte of its JSON. A killed call loses nothing; the same call goes on. Records are
    sorted, so the same ones give the same file, whatever the order in which they came.

    Args:
        results: folder of records.

    Raises:
        RecordError: a file is no record, or a packed file holds another record of the same run.
    """
    left: dict[Path, str] = {}
    moved, written = 0, []
    with _locked(results):
        for target, loose in _by_target(results, left).items():
            file = results / target / packed.NAME
            added = _pack_into(file, loose, left)
            if added:
                written.append(file)
                moved += added
    return Packing(moved, written, left)


def _by_target(results: Path, left: dict[Path, str]) -> Mapping[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in files(results, ".json"):
        inside = path.relative_to(results).parts
        if len(inside) < 2:
            left[path] = "it does not lie in the folder of its target"
        else:
            found[inside[0]].append(path)
    return found


def _pack_into(file: Path, loose: Sequence[Path], left: dict[Path, str]) -> int:
    """Add records to a packed file and remove their own files; return how many."""
    old = Packed.read(file) if file.exists() else Packed(file, to_table([]), ())
    rows = {path: row for row, path in enumerate(old.paths)}
    texts: dict[Path, bytes] = {}
    tables: list[pa.Table] = []
    for path in loose:
        record = Record.read(path)
        text = record.to_json()
        reason, table = _row(record, text, path, file.parent)
        if reason:
            left[path] = reason
            continue
        texts[path] = text
        if path not in rows:
            tables.append(table)
        elif old.record(rows[path]).to_json() != text:
            raise RecordError(
                f"{file} holds another record of the run of {path}.",
                "Remove the one that is wrong: `xlser records unpack` gives each its own file.",
            )
    if tables:
        _write(file, [_plain(old.table), *tables])
    for path in _read_back(file, texts):
        path.unlink()
    return len(texts)


def _row(record: Record, text: bytes, path: Path, folder: Path) -> tuple[str, pa.Table]:
    """Return the row of a record; a reason why it has none."""
    try:
        table = to_table([record])
        exact = to_record(table.to_pylist()[0]).to_json() == text
    except (OverflowError, ValueError) as cause:
        return f"a packed file cannot hold it ({cause})", None
    if paths_of(table, folder) != [path]:
        return "it does not lie where it belongs", None
    return "" if exact else "a packed file cannot hold it exactly", table


def _write(file: Path, tables: Sequence[pa.Table]) -> None:
    """Write a packed file whose rows are in the order of their paths."""
    table = pa.concat_tables(tables)
    paths = paths_of(table, file.parent)
    order = sorted(range(len(paths)), key=lambda row: str(paths[row]))
    write_atomically(file, packed.to_bytes(table.take(order).combine_chunks()))


def _plain(table: pa.Table) -> pa.Table:
    """Return a table whose columns of text are no dictionaries."""
    return table.cast(SCHEMA)


def _read_back(file: Path, texts: Mapping[Path, bytes]) -> Iterator[Path]:
    """Yield the paths of records that the packed file holds.

    Raises:
        RecordError: it lacks one, or holds another.
    """
    if not texts:
        return
    whole = Packed.read(file)
    held = {
        path: record.to_json() for path, record in zip(whole.paths, whole.records(), strict=True)
    }
    if wrong := [path for path, text in texts.items() if held.get(path) != text]:
        raise RecordError(
            f"{file} was written, but does not hold {wrong[0]} as it was.",
            "The runs' own files are all still there: remove the packed file and report this.",
        )
    yield from texts


def unpack(results: Path) -> Packing:
    """Give each packed record its own file again, then remove the packed files.

    Raises:
        RecordError: a file that is there already holds another record.
    """
    written: list[Path] = []
    with _locked(results):
        for file in files(results, ".parquet"):
            whole = Packed.read(file)
            for path, record in zip(whole.paths, whole.records(), strict=True):
                if not path.exists():
                    record.write(path)
                elif Record.read(path).to_json() != record.to_json():
                    raise RecordError(
                        f"{path} is not the record that {file} holds of that run.",
                        "Remove the one that is wrong.",
                    )
                written.append(path)
            for path in whole.paths:
                Record.read(path)
            file.unlink()
    return Packing(len(written), written, {})


@dataclass(frozen=True)
class Size:
    """What records take.

    Attributes:
        runs: how many.
        loose: how many of them in files of their own.
        bytes: of all files.
        seconds: to read them all as one table.
        memory: MiB at most held by this process.
    """

    runs: int
    loose: int
    bytes: int
    seconds: float
    memory: int


def size(results: Path) -> Size:
    """Measure a folder of records by reading it.

    Raises:
        RecordError: a file is no record.
    """
    loose = files(results, ".json")
    clock = time.perf_counter()
    runs = read_runs(results)
    seconds = time.perf_counter() - clock
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Size(
        runs=len(runs),
        loose=len(loose),
        bytes=sum(path.stat().st_size for path in [*loose, *files(results, ".parquet")]),
        seconds=seconds,
        memory=peak // (_MIB if sys.platform == "darwin" else 1024),
    )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder until the block or the process ends."""
    if not folder.is_dir():
        raise RecordError(f"There is no folder {folder}.", "Name a folder of results.")
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
