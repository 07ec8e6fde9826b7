"""Records as far as they are sound: what cannot be read or contradicts itself is left out."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from xlser.errors import RecordError
from xlser.records.columns import COLUMNS, MORE, stated, values_of
from xlser.records.record import SCHEMA
from xlser.records.runs_table import Block, Runs
from xlser.records.soundness.agreement import contradictions
from xlser.records.store import Known, Packed, files, loose_block, read_runs, without_copies

Faults = list[tuple[Path, str]]
"""Paths of records (of packed ones, where their own files would lie), with what is wrong."""


def sound_runs(results: Path) -> tuple[Runs, Faults]:
    """Read the records below a folder that can be read and do not contradict themselves.

    Returns:
        The runs, and the records that are left out.
    """
    faults: Faults = []
    try:
        runs = read_runs(results)
    except RecordError:
        paths = [*without_copies(files(results, ".json")), *files(results, ".parquet")]
        runs, faults, _ = read_readable(paths)
    odd: dict[int, str] = {}
    for i, run in enumerate(runs.rows() if len(runs) else ()):
        if (what := next(contradictions(run), None)) is not None:
            odd[i] = what
            faults.append((run.path, what))
    return runs.without(odd) if odd else runs, sorted(faults)


def read_readable(paths: Sequence[Path]) -> tuple[Runs, Faults, int]:
    """Read the records whose form and scores are sound.

    Args:
        paths: files of a record each, and packed files.

    Returns:
        The runs, what is wrong with the others, and how many records were looked at.
    """
    faults: Faults = []
    known: Known = {}
    blocks: list[tuple[Block, Sequence[Path], Sequence[Path]]] = []
    rejected: dict[Path, RecordError] = {}
    loose = [path for path in paths if path.suffix != ".parquet"]
    count = len(loose)
    block, read = loose_block(loose, known, rejected)
    if read:
        blocks.append((block, read, read))
    for path in paths:
        if path.suffix != ".parquet":
            continue
        try:
            whole = Packed.read(path)
        except RecordError as error:
            rejected[path] = error
            count += 1
            continue
        count += whole.table.num_rows
        wrong = _wrong_rows(whole, known)
        faults += ((whole.paths[row], what) for row, what in sorted(wrong.items()))
        rows = [row for row in range(whole.table.num_rows) if row not in wrong]
        paths_of_rows = [whole.paths[row] for row in rows]
        block = Block(whole.table.take(pa.array(rows, pa.int64())), known)
        blocks.append((block, paths_of_rows, [path] * len(rows)))
    faults += ((path, error.problem) for path, error in rejected.items())
    return Runs(blocks), faults, count


def _wrong_rows(whole: Packed, known: Known) -> dict[int, str]:
    """Return the faults of rows of a packed file, less those that their protocol explains."""
    wrong = {
        row: f"{whole.file} holds a record of it that {what}."
        for row, what in Block(whole.table, known).faults().items()
    }
    names = [*COLUMNS, MORE]
    columns = [values_of(whole.table[name]) for name in names]
    for row, values in enumerate(zip(*columns, strict=True)):
        try:
            stated(dict(zip(names, values, strict=True)))
        except (ValueError, TypeError) as cause:
            problem = f"{whole.file} holds what is not a record of schema {SCHEMA}: {cause}"
            wrong.setdefault(row, problem)
    return wrong
