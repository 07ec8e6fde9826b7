"""`xlser dev`: for those who work on the suite."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xlser.cli.output import messages, progress
from xlser.cli.parameters import Command, with_options

if TYPE_CHECKING:
    from xlser.api.options import RunOptions

app = typer.Typer(no_args_is_help=True, help="For those who work on the suite.")
gpu_grid = typer.Typer(
    no_args_is_help=True, help="A grid on a GPU of a machine without corpora: pack, run, home."
)
app.add_typer(gpu_grid, name="gpu-grid")


@gpu_grid.command("pack", cls=Command)
@with_options(
    *("methods", "settings", "protocol", "target", "labels", "seeds", "folds", "track", "twins"),
    *("precision", "backbone", "leaderboards"),
)
def pack(
    *,
    pieces: Annotated[Path, typer.Argument(help="Folder that receives the pieces.")],
    options: "RunOptions",
    size: Annotated[int, typer.Option(min=1, help="MiB of a piece.")] = 60,
) -> None:
    """Write features, weights and the plan of a grid into pieces (where corpora are).

    Runs that are recorded in the leaderboards are left out.
    """
    from xlser.api import portable

    with progress() as bars:
        portable.pack(options, pieces, size, messages, bars)


@gpu_grid.command("run", cls=Command)
@with_options("jobs", "device")
def run(
    *,
    pieces: Annotated[Path, typer.Argument(help="Folder of the pieces.")],
    out: Annotated[Path, typer.Argument(help="Folder that receives records.")],
    options: "RunOptions",
) -> None:
    """Carry out a packed grid (where the GPU is); the same command goes on after a stop."""
    from xlser.api import portable

    with progress() as bars:
        outcome = portable.run_packed(
            pieces, out, options, messages, bars, shlex.join(["xlser", *sys.argv[1:]])
        )
    if outcome.failures:
        raise typer.Exit(1)


@gpu_grid.command("home", cls=Command)
@with_options("leaderboards")
def home(
    *,
    records: Annotated[Path, typer.Argument(help="records.tar.gz of the other machine.")],
    options: "RunOptions",
) -> None:
    """Check records of the other machine and add them to leaderboards (where these are)."""
    from xlser.api import portable

    written = portable.bring_home(records, options.leaderboards)
    messages(f"{len(written)} records written below {options.leaderboards}")
