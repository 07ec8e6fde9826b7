"""Writing records: into the results, or into the cache while the results cannot be written."""

from collections.abc import Sequence
from pathlib import Path

from xlser.errors import ResultsError
from xlser.records.record import Record
from xlser.runs.plan import Run
from xlser.system.files import digest_json


def save_record(record: Record, path: Path, cache: Path) -> None:
    """Write a record; if that fails, keep it in the cache.

    Args:
        record: of a run that has just ended.
        path: of the record among the results.
        cache: folder of the cache.

    Raises:
        ResultsError: it could not be written to `path`; the message names the copy in the cache.
    """
    try:
        record.write(path)
    except OSError as cause:
        raise _keep_in_cache(record, path, cache, cause) from cause


def save_kept_records(runs: Sequence[Run], results: Path, cache: Path) -> None:
    """Move records of `runs` that an earlier command kept in the cache to the results.

    Args:
        runs: of the plan.
        results: folder of records.
        cache: folder of the cache.

    Raises:
        ResultsError: they still cannot be written.
    """
    for run in runs:
        path = run.path(results)
        kept = _copy_in_cache(path, cache)
        if not kept.exists():
            continue
        try:
            Record.read(kept).write(path)
        except OSError as cause:
            raise ResultsError(
                f"{path} still cannot be written ({cause.strerror or cause}).",
                f"Make room or allow writing; its record is kept at {kept}.",
            ) from cause
        kept.unlink()


def _keep_in_cache(record: Record, path: Path, cache: Path, cause: OSError) -> ResultsError:
    problem = f"{path} cannot be written ({cause.strerror or cause})."
    kept = _copy_in_cache(path, cache)
    try:
        record.write(kept)
    except OSError as again:
        return ResultsError(
            f"{problem} Nor can {kept} ({again.strerror or again}): the record is lost.",
            "Make room; the same command goes on from what is recorded.",
        )
    return ResultsError(
        f"{problem} The record is kept at {kept}.",
        "Make room or allow writing; the same command takes that record and goes on.",
    )


def _copy_in_cache(path: Path, cache: Path) -> Path:
    return cache / "unwritten" / digest_json(str(path.absolute()))[:8] / path.name
