"""Records written unpacked, and the contents of files of records."""

from pathlib import Path

from xlser.records import Record, place
from xlser.records.store import files


def home(results: Path, record: Record) -> Path:
    """Return where a record's own file belongs."""
    return results / place(
        target=record.target,
        track=record.track,
        backbone=record.backbone.name,
        method=record.method.name,
        labels=record.labels,
        seed=record.seed,
        fold=record.fold,
        repeat=record.repeat,
        key=record.key,
    )


def lay_down(results: Path, some: list[Record]) -> dict[Path, bytes]:
    """Give records files of their own; return the content of these."""
    for record in some:
        record.write(home(results, record))
    return {home(results, record): record.to_json() for record in some}


def digests(results: Path) -> dict[str, bytes]:
    found = files(results, ".parquet")
    return {str(path.relative_to(results)): path.read_bytes() for path in found}


def loose(results: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in files(results, ".json")}
