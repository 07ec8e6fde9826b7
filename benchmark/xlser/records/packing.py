"""Packing: records move from files of their own into packed files, and back; none is lost."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from xlser.errors import RecordError
from xlser.records import packed
from xlser.records.columns import SCHEMA, to_table, values_of
from xlser.records.packed import packed_path
from xlser.records.record import Record
from xlser.records.store import (
    Contents,
    Packed,
    files,
    paths_of,
    read_runs,
    require_column_values,
)
from xlser.system.files import folder_locked, write_atomically
from xlser.system.memory import most_resident


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
    """Move records into packed files, `<target>/<track>/<backbone>/k<labels>.parquet`.

    A record's own file is removed only after the packed file was read back and holds the record
    to the last byte of its JSON. A killed call loses nothing; the same call goes on. Records are
    sorted, so the same ones give the same file, whatever the order in which they came. Those of
    a packed file that lies elsewhere get files of their own first.

    Args:
        results: folder of records.

    Raises:
        RecordError: a file is not a record, or a packed file holds another record of the same run.
    """
    left: dict[Path, str] = {}
    moved, written = 0, []
    with _locked(results):
        for whole in map(Packed.read, files(results, ".parquet")):
            if set(map(packed_path, whole.paths)) != {whole.file}:
                _unpack(whole)
        by_file: dict[Path, list[Path]] = defaultdict(list)
        for path in files(results, ".json"):
            by_file[packed_path(path)].append(path)
        for file, loose in by_file.items():
            added = _pack_into(file, loose, left)
            if added:
                written.append(file)
                moved += added
    return Packing(moved, written, left)


def _pack_into(file: Path, loose: Sequence[Path], left: dict[Path, str]) -> int:
    """Add records to a packed file and remove their own files; return how many."""
    old = Packed.read(file) if file.exists() else Packed(file, to_table([]), ())
    rows = {path: row for row, path in enumerate(old.paths)}
    texts: dict[Path, bytes] = {}
    new: dict[Path, pa.Table] = {}
    for path in loose:
        record = Record.read(path)
        require_column_values(record, path)
        table = to_table([record])
        if paths_of(table, file.parent) != [path]:
            left[path] = "it does not lie where it belongs"
            continue
        texts[path] = record.to_json()
        if path not in rows:
            new[path] = table
        elif old.record(rows[path]).to_json() != texts[path]:
            raise RecordError(
                f"{file} holds another record of the run of {path}.",
                "Remove the one that is wrong: `xlser records unpack` gives each its own file.",
            )
    for path in _add(old, new, texts):
        left[path] = "a packed file does not hold it to the last byte"
        del texts[path]
    for path in texts:
        path.unlink()
    return len(texts)


def _add(old: Packed, new: dict[Path, pa.Table], texts: Mapping[Path, bytes]) -> Iterator[Path]:
    """Write a packed file anew with more records; yield the paths of those it cannot hold."""
    while new:
        content = sorted_bytes([old.table, *new.values()], old.file.parent)
        table = packed.from_bytes(content)
        whole = Packed(old.file, table, paths_of(table, old.file.parent))
        wrong = [
            path
            for row, path in enumerate(whole.paths)
            if path in new and whole.record(row).to_json() != texts[path]
        ]
        if not wrong:
            _require_old_rows(old, whole)
            write_atomically(old.file, content)
            if old.file.read_bytes() != content:
                raise RecordError(
                    f"{old.file} was not written completely.",
                    "The runs' own files are all still there; check the disk.",
                )
            return
        for path in wrong:
            del new[path]
        yield from wrong


def _require_old_rows(old: Packed, whole: Packed) -> None:
    rows = {path: row for row, path in enumerate(whole.paths)}
    kept = whole.table.take(pa.array([rows[path] for path in old.paths], pa.int64()))
    if not kept.cast(SCHEMA).equals(old.table.cast(SCHEMA)):
        raise RecordError(
            f"Packing would change the records of {old.file}.",
            "Nothing was changed; please report this.",
        )


def sorted_bytes(tables: Sequence[pa.Table], folder: Path) -> bytes:
    """Return the packed file of records, in the order of their paths.

    Args:
        tables: of the records.
        folder: of the packed file.
    """
    table = pa.concat_tables([table.cast(SCHEMA) for table in tables])
    paths = paths_of(table, folder)
    order = sorted(range(len(paths)), key=lambda row: str(paths[row]))
    return packed.to_bytes(table.take(pa.array(order, pa.int64())).combine_chunks())


def packed_copies(results: Path, without: Collection[str] = ()) -> dict[str, bytes]:
    """Return the packed files as `pack` would leave them, by their path; change nothing.

    Args:
        results: folder of records; paths are below it.
        without: keys of records to leave out; a file without any other is left out.

    Raises:
        RecordError: a file is no record.
    """
    contents = Contents.of(results)
    loose = to_table(Record.read(path) for path in contents.loose)
    tables = [*(each.table for each in contents.packed), loose]
    table = pa.concat_tables([each.cast(SCHEMA) for each in tables])
    kept = [row for row, key in enumerate(values_of(table["key"])) if key not in without]
    return as_files(table.take(pa.array(kept, pa.int64())), results)


def as_files(table: pa.Table, results: Path) -> dict[str, bytes]:
    """Return the packed files of records, by their path below the results folder.

    Args:
        table: of the records.
        results: folder of records.
    """
    rows: dict[Path, list[int]] = defaultdict(list)
    for row, path in enumerate(paths_of(table, results)):
        rows[packed_path(path)].append(row)
    return {
        file.relative_to(results).as_posix(): sorted_bytes(
            [table.take(pa.array(rows[file], pa.int64()))], file.parent
        )
        for file in sorted(rows)
    }


def unpack(results: Path) -> Packing:
    """Give each packed record its own file again, then remove the packed files.

    Raises:
        RecordError: a file that is there already holds another record.
    """
    written: list[Path] = []
    with _locked(results):
        for whole in map(Packed.read, files(results, ".parquet")):
            _unpack(whole)
            written += whole.paths
    return Packing(len(written), written, {})


def _unpack(whole: Packed) -> None:
    for path, record in zip(whole.paths, whole.records(), strict=True):
        if not path.exists():
            record.write(path)
        elif Record.read(path).to_json() != record.to_json():
            raise RecordError(
                f"{path} is not the record that {whole.file} holds of that run.",
                "Remove the one that is wrong.",
            )
    for path in whole.paths:
        Record.read(path)
    whole.file.unlink()


@dataclass(frozen=True)
class Size:
    """What records take.

    Attributes:
        runs: how many.
        loose: how many of them in files of their own.
        bytes: of all files.
        seconds: to read them all as one table.
        cpu_seconds: of the processor meanwhile, which other work on the machine changes little.
        memory: MiB at most held by this process.
    """

    runs: int
    loose: int
    bytes: int
    seconds: float
    cpu_seconds: float
    memory: int


def size(results: Path) -> Size:
    """Measure a folder of records by reading it.

    Raises:
        RecordError: a file is not a record.
    """
    loose = files(results, ".json")
    clock, cpu = time.perf_counter(), time.process_time()
    runs = read_runs(results).frame
    seconds, cpu_seconds = time.perf_counter() - clock, time.process_time() - cpu
    return Size(
        runs=len(runs),
        loose=len(loose),
        bytes=sum(path.stat().st_size for path in [*loose, *files(results, ".parquet")]),
        seconds=round(seconds, 3),
        cpu_seconds=round(cpu_seconds, 3),
        memory=most_resident() >> 20,
    )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder until the block or the process ends."""
    if not folder.is_dir():
        raise RecordError(f"There is no folder {folder}.", "Name a folder of results.")
    with folder_locked(folder):
        yield
