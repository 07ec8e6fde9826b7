"""A folder of records: files of a run each, and packed files of many, side by side.

The path of a record is where its own file lies or would lie, so that packing changes no path.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from xlser.errors import RecordError
from xlser.records import packed
from xlser.records.columns import to_record, to_table, values_of
from xlser.records.identity import place_text
from xlser.records.record import Record, no_record
from xlser.records.runs_table import Block, Runs, TestSet
from xlser.system.files import digest_file

_AT_ONCE = 200  # records that are held as objects

_NAMED = re.compile(r"-([0-9a-f]{8})\.json$")
"""The name that `xlser run` gives a record: it ends in the beginning of its key."""

_KEY = re.compile(rb'"key": ?"([^"\\]*)"')

Known = dict[tuple[str, str], TestSet]
"""Test sets by their text."""


# Folders that file services and archives keep beside one's own.
_NOT_OURS = frozenset({"__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "lost+found"})


def files(results: Path, suffix: str) -> list[Path]:
    """Return the files of records below a folder, sorted.

    Hidden ones, those of file services and folders that are named like a file are passed over.
    """
    return [
        path
        for path in sorted(results.rglob(f"*{suffix}"))
        if not any(p.startswith(".") or p in _NOT_OURS for p in path.relative_to(results).parts)
        and not path.is_dir()
    ]


def without_copies(paths: Sequence[Path]) -> list[Path]:
    """Leave out files of whose bytes another is made, as file services leave behind a conflict.

    Of several the one stays whose name ends in its key, or else the one of the shortest path.
    """
    by_size: dict[int, list[Path]] = {}
    for path in paths:
        by_size.setdefault(path.stat().st_size if path.exists() else -1, []).append(path)
    kept = set(paths)
    for size, alike in by_size.items():
        named = {found[1] for path in alike if (found := _NAMED.search(path.name))}
        if size <= 0 or len(named) == len(alike):
            continue  # their names state different keys: none needs opening
        same: dict[tuple[str, str], list[Path]] = {}
        keys = {path: key_of(path) or "" for path in alike}
        times = Counter(keys.values())
        for path in alike:
            if times[keys[path]] > 1:
                same.setdefault((keys[path], digest_file(path)), []).append(path)
        for (key, _), copies in same.items():
            ranked = sorted(
                copies, key=lambda p: (not p.stem.endswith(f"-{key[:8]}"), len(str(p)), p)
            )
            kept.difference_update(ranked[1:])
    return [path for path in paths if path in kept]


@dataclass(frozen=True)
class Packed:
    """A packed file.

    Attributes:
        file: its path.
        table: its rows.
        paths: where each row's own file belongs.
    """

    file: Path
    table: pa.Table
    paths: Sequence[Path]

    @classmethod
    def read(cls, file: Path) -> "Packed":
        """Read a packed file.

        Raises:
            RecordError: it is cut off, of a newer schema, or none of ours.
        """
        table = packed.read_table(file)
        try:
            return cls(file, table, paths_of(table, file.parent))
        except (TypeError, ValueError) as cause:
            raise no_record(file, cause) from cause

    def records(self) -> Iterator[Record]:
        """Yield the records, one at a time.

        Raises:
            RecordError: a row is not of a record.
        """
        for batch in self.table.to_batches(max_chunksize=_AT_ONCE):
            for row in batch.to_pylist():
                try:
                    yield to_record(row)
                except (ValueError, KeyError, TypeError) as cause:
                    raise no_record(self.file, cause) from cause

    def record(self, row: int) -> Record:
        """Return the record of a row."""
        return next(Packed(self.file, self.table.slice(row, 1), ()).records())


def paths_of(table: pa.Table, folder: Path) -> list[Path]:
    """Return where the own files of packed records belong.

    Args:
        table: of the records.
        folder: of the packed file: theirs, one above it, or the results folder.
    """
    stated = ["target", "track", "backbone", "method", "labels", "seed", "fold", "repeat", "key"]
    values = [values_of(table[name]) for name in stated]
    places = [place_text(*row).rpartition("/") for row in zip(*values, strict=True)]
    folders = {within: _folder_of(within, folder) for within, _, _ in places}
    return [Path(f"{folders[within]}/{name}") for within, _, name in places]


def _folder_of(within: str, folder: Path) -> Path:
    """Return the folder of records.

    Args:
        within: their place below the results folder: `<target>/<track>/<backbone>`.
        folder: of the packed file, which may end in a part of it.
    """
    parts = tuple(within.split("/"))
    shared = next(n for n in (3, 2, 1, 0) if folder.parts[len(folder.parts) - n :] == parts[:n])
    return folder.joinpath(*parts[shared:])


@dataclass(frozen=True)
class Contents:
    """What lies in a folder of records.

    Attributes:
        loose: files of a record each, less copies, and less those of which a packed file holds an
            equal record: packing was interrupted before it removed them.
        packed: packed files.
    """

    loose: Sequence[Path]
    packed: Sequence[Packed]

    @classmethod
    def of(cls, results: Path) -> "Contents":
        """Look into a folder, at any depth; it may be absent.

        Raises:
            RecordError: a packed file that cannot be read.
        """
        several = [Packed.read(path) for path in files(results, ".parquet")]
        loose = without_copies(files(results, ".json"))
        twins: dict[str, tuple[Packed, int]] = {}
        if loose:
            for each in several:
                keys = values_of(each.table["key"])
                twins.update((key, (each, row)) for row, key in enumerate(keys))
        alone = [path for path in loose if not _is_held(path, twins)] if twins else loose
        return cls(alone, several)


def _is_held(path: Path, twins: Mapping[str, tuple[Packed, int]]) -> bool:
    """Return whether a packed file holds the record of a file, to the last byte."""
    held = twins.get(key_of(path) or "")
    if held is None:
        return False
    whole, row = held
    return whole.record(row).to_json() == Record.parse(path).to_json()


def bytes_of(path: Path, file: Path) -> bytes:
    """Return a record as its own file holds it.

    Args:
        path: where its own file lies or would lie.
        file: that holds it: the same, or a packed one.
    """
    if file == path:
        return path.read_bytes()
    whole = Packed.read(file)
    return whole.record(whole.paths.index(path)).to_json()


def read_records(results: Path) -> Iterator[tuple[Path, Record]]:
    """Read every record below `results` once, one at a time: packed ones, then the others.

    Raises:
        RecordError: a file is not a record, or scores are not those of the predictions.
    """
    contents = Contents.of(results)
    for each in contents.packed:
        require_sound(Block(each.table, {}), each)
        yield from zip(each.paths, each.records(), strict=True)
    for path in contents.loose:
        yield path, Record.read(path)


def known_keys(results: Path) -> Mapping[str, Path]:
    """Return the keys of all records below `results`, each with the file that holds it.

    Of a record's own file only the beginning is read, where its key stands.

    Raises:
        RecordError: a packed file that cannot be read.
    """
    known: dict[str, Path] = {}
    for path in files(results, ".parquet"):
        known.update(dict.fromkeys(packed.read_keys(path), path))
    for path in files(results, ".json"):
        if key := key_of(path):
            known.setdefault(key, path)
    return known


def key_of(path: Path) -> str | None:
    """Return the key in a record's own file; None if there is none."""
    with path.open("rb") as file:
        if found := _KEY.search(file.read(512)):
            return found[1].decode("ascii", "replace")
    try:
        return str(json.loads(path.read_bytes())["key"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def read_runs(results: Path) -> Runs:
    """Read every record below `results` once, as one table; packed ones without one object per run.

    Raises:
        RecordError: a file holds no record, or scores are not those of the predictions.
    """
    known: Known = {}
    contents = Contents.of(results)
    blocks: list[tuple[Block, Sequence[Path], Sequence[Path]]] = []
    for each in contents.packed:
        block = Block(each.table, known)
        require_sound(block, each)
        blocks.append((block, each.paths, [each.file] * len(each.paths)))
    if contents.loose:
        block, paths = loose_block(contents.loose, known)
        blocks.append((block, paths, paths))
    return Runs(blocks)


def require_sound(block: Block, source: Packed) -> None:
    """Raise the first fault of a packed file's rows.

    Raises:
        RecordError: predictions of the wrong form, or scores that are not theirs.
    """
    for row, what in block.faults().items():
        raise RecordError(
            f"{source.file} holds a record ({source.paths[row].name}) that {what}.",
            "Get the file anew, or make it again from the runs' own files; a record is never "
            "edited.",
        )


def loose_block(
    paths: Sequence[Path], known: Known, rejected: dict[Path, RecordError] | None = None
) -> tuple[Block, list[Path]]:
    """Read records from files of their own, and check their scores; return also their paths.

    Args:
        paths: of the files.
        known: test sets; those found are added.
        rejected: takes the errors of files that are left out.

    Raises:
        RecordError: a file holds no record, or scores are not those of its predictions, and
            errors are not taken.
    """
    tables, read = [], list[Path]()
    for start in range(0, len(paths), _AT_ONCE):
        records: dict[Path, Record] = {}
        for path in paths[start : start + _AT_ONCE]:
            try:
                records[path] = Record.read(path)
                require_column_values(records[path], path)
            except RecordError as error:
                records.pop(path, None)
                if rejected is None:
                    raise
                rejected[path] = error
        if records:
            tables.append(to_table(records.values()))
        read += records
    return Block(pa.concat_tables(tables or [to_table([])]), known), read


def require_column_values(record: Record, path: Path) -> None:
    """Require that the columns of a table hold the numbers of a record.

    Raises:
        RecordError: a number is too large.
    """
    numbers = [record.protocol_version, record.seed, record.repeat, record.environment.threads]
    if any(abs(number) >= 1 << 63 for number in [*numbers, *record.peak_memory.values()]):
        raise no_record(path, ValueError("it states an integer of more than 64 bits"))
