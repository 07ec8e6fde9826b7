"""`xlser records`: pack records into Parquet files, unpack them, measure them."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xlser.cli.output import messages, print_json
from xlser.cli.parameters import AsJson

if TYPE_CHECKING:
    from xlser.records.packing import Packing

app = typer.Typer(no_args_is_help=True, help="Pack, unpack and measure records.")

Folder = Annotated[
    Path | None,
    typer.Argument(help="Folder below which records lie; default: leaderboards."),
]


@app.command("pack")
def pack(folder: Folder = None, as_json: AsJson = False) -> None:
    """Move records into compressed Parquet files, one per target, encoder and label budget.

    Each lies where the runs' own files would: `<target>/<track>/<backbone>/k<labels>.parquet`.

    A run's own file is removed once the packed file was read back and holds the same record.
    """
    from xlser.records import packing

    _show([packing.pack(results) for results in _results(folder)], "packed", as_json)


@app.command("unpack")
def unpack(folder: Folder = None, as_json: AsJson = False) -> None:
    """Give every packed record a file of its own again."""
    from xlser.records import packing

    _show([packing.unpack(results) for results in _results(folder)], "unpacked", as_json)


@app.command("size")
def size(folder: Folder = None, as_json: AsJson = False) -> None:
    """Print how large records are, and the time and memory to read them all."""
    from xlser.records import packing

    found = [(results, packing.size(results)) for results in _results(folder)]
    if as_json:
        print_json([{"results": str(results)} | asdict(one) for results, one in found])
        return
    for results, one in found:
        typer.echo(
            f"{results}: {one.runs} records ({one.loose} in files of their own), "
            f"{one.bytes / 1e6:.2f} MB, read in {one.seconds:.2f} s ({one.cpu_seconds:.2f} s of "
            f"the processor), peak memory {one.memory} MiB"
        )


def _results(folder: Path | None) -> list[Path]:
    """Return the folders of records at or below a folder.

    Raises:
        RecordError: there is none.
    """
    from xlser.errors import RecordError

    folder = folder or Path("leaderboards")
    found = [folder] if folder.name == "results" else sorted(folder.glob("**/results"))
    found = [path for path in found if path.is_dir()]
    if not found:
        raise RecordError(
            f"There are no records at {folder}.",
            "Name a results folder or a folder of leaderboards.",
        )
    return found


def _show(done: "list[Packing]", moved: str, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "records": sum(one.records for one in done),
                "written": [str(path) for one in done for path in one.written],
                "left": {str(path): why for one in done for path, why in one.left.items()},
            }
        )
        return
    for one in done:
        for path, why in one.left.items():
            messages(f"{path} stays as it is: {why}")
    typer.echo(f"{sum(one.records for one in done)} records {moved}")
