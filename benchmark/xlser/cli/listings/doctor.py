"""`xlser doctor`: what is installed, found, missing."""

from typing import TYPE_CHECKING

import typer

from xlser.cli.output import print_json
from xlser.cli.parameters import AsJson, with_options

if TYPE_CHECKING:
    from xlser.api.options import RunOptions


@with_options("data", "weights")
def doctor(*, options: "RunOptions", as_json: AsJson = False) -> None:
    """Show what can run here, what is wrong, and what is found."""
    from xlser.api.doctor import look_around
    from xlser.settings import Settings

    report = look_around(Settings.gather(data=options.data, weights=options.weights))
    if as_json:
        print_json(report)
        return
    for section, entries in report.items():
        typer.echo(section)
        for name, value in entries.items():
            typer.echo(f"  {name}: {'not set' if value is None else value}")
