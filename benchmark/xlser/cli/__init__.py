"""The command line: arguments in, calls, printing; no logic of its own."""

import sys

import typer

from xlser.cli import corpora, doctor, leaderboard, methods, new_method, prepare, run
from xlser.cli.app import SeveralValues, console
from xlser.errors import XlserError

app = typer.Typer(
    name="xlser",
    help="Benchmark of semi-supervised cross-lingual speech emotion recognition.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run", cls=SeveralValues)(run.run)
app.add_typer(corpora.app, name="corpora")
app.command("prepare", cls=SeveralValues)(prepare.prepare)
app.add_typer(methods.app, name="methods")
app.command("new-method")(new_method.new_method)
app.command("leaderboard")(leaderboard.leaderboard)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command line; an error of ours is told in words, without a traceback."""
    try:
        app()
    except XlserError as error:
        console.print(f"error: {error.problem}", style="red", markup=False)
        console.print(error.remedy, markup=False)
        sys.exit(2)


__all__ = ["app", "main"]
