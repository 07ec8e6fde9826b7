"""Records come home: the one process that holds the plan writes them where they belong."""

from collections.abc import Sequence
from pathlib import Path

from xlser.errors import ResultsError
from xlser.files import digest_json
from xlser.records.record import Record
from xlser.runs.plan import Run


def take_home(record: Record, path: Path, cache: Path) -> None:
    """Write a record where it belongs, or to the cache where that cannot be.

    Raises:
        ResultsError: it cannot be written where it belongs.
    """
    try:
        record.write(path)
    except OSError as cause:
        raise _kept_aside(record, path, cache, cause) from cause


def take_unwritten(runs: Sequence[Run], results: Path, cache: Path) -> None:
    """Move records of `runs` that could not be written earlier to where they belong.

    Raises:
        ResultsError: they cannot be written now, either.
    """
    for run in runs:
        path = run.path(results)
        aside = _aside(path, cache)
        if not aside.exists():
            continue
        try:
            Record.read(aside).write(path)
        except OSError as cause:
            raise ResultsError(
                f"{path} still cannot be written ({cause.strerror or cause}).",
                f"Make room or allow writing; its record is kept at {aside}.",
            ) from cause
        aside.unlink()


def _kept_aside(record: Record, path: Path, cache: Path, cause: OSError) -> ResultsError:
    problem = f"{path} cannot be written ({cause.strerror or cause})."
    aside = _aside(path, cache)
    try:
        record.write(aside)
    except OSError as again:
        return ResultsError(
            f"{problem} Nor can {aside} ({again.strerror or again}): the record is lost.",
            "Make room; the same command goes on from what is recorded.",
        )
    return ResultsError(
        f"{problem} The record is kept at {aside}.",
        "Make room or allow writing; the same command takes that record and goes on.",
    )


def _aside(path: Path, cache: Path) -> Path:
    return cache / "unwritten" / digest_json(str(path.absolute()))[:8] / path.name
