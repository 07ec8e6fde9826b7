"""`xlser validate`: records compared with their protocol and the published corpora."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from xlser.cli.output import messages, print_json
from xlser.cli.parameters import AsJson


def validate(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Records, packed files, folders of them, or hf://datasets/OWNER/NAME; default: "
            "leaderboards."
        ),
    ] = None,
    complete: Annotated[
        bool, typer.Option("--complete", help="Also reject rows that lack seeds.")
    ] = False,
    submitted: Annotated[
        bool,
        typer.Option("--submitted", help="Also reject what a record made today must not lack."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check records without audio; exit code 1 if any is rejected.

    Scores are computed again from the predictions; digests, test utterances, their emotions and
    their order are compared with the protocol and the published names of the corpora.
    """
    from xlser.records.validate import validate as look_at

    found = look_at(_files(paths or [Path("leaderboards")]), submitted)
    rejected = bool(found.faults or (complete and found.incomplete))
    if as_json:
        faults = [{"path": str(fault.path), "what": fault.what} for fault in found.faults]
        print_json(asdict(found) | {"faults": faults})
    else:
        for fault in found.faults:
            messages(f"{fault.path}: {fault.what}")
        for row in found.incomplete:
            messages(f"incomplete: {row}")
        names = {fault.path for fault in found.faults}
        messages(
            f"{found.records} records: {len(names)} rejected, "
            f"{len(found.incomplete)} rows without all seeds"
        )
    raise typer.Exit(int(rejected))


def _files(paths: list[Path]) -> list[Path]:
    """Return the files of records named, and those in `results` folders at or below a folder.

    Raises:
        RecordError: there is none.
    """
    from xlser.errors import RecordError
    from xlser.hub.address import local_folder
    from xlser.records.store import files

    found: list[Path] = []
    for path in map(local_folder, paths):
        inside = [path]
        if path.is_dir():
            several = [*files(path, ".json"), *files(path, ".parquet")]
            inside = sorted(filter(_may_be_record, several))
        if not inside or not path.exists():
            raise RecordError(
                f"There are no records at {path}.",
                "Name a file of records, a results folder or a folder of leaderboards.",
            )
        found += inside
    return list(dict.fromkeys(found))


_BESIDE = {"failures", "status", "protocol.json", "encoders.json", "table.parquet"}


def _may_be_record(path: Path) -> bool:
    """Return whether a file may be one: failures, progress and facts lie beside `results`."""
    above = path.parts[:-1]
    return "results" in above or not _BESIDE & {*path.parts}
