"""`xlser dev`: for those who work on the suite."""

import typer

from xlser.cli.dev import gpu_grid

app = typer.Typer(no_args_is_help=True, help="For those who work on the suite.")
app.add_typer(gpu_grid.app, name="gpu-grid")
