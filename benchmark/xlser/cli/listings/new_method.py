"""`xlser new-method`: a package to begin with."""

from pathlib import Path
from typing import Annotated

import typer

from xlser.cli.output import messages


def new_method(
    name: Annotated[str, typer.Argument(help="Lower case with hyphens: my-method.")],
    folder: Annotated[Path, typer.Option(help="Where its own folder, NAME, is put.")] = Path(),
    sklearn: Annotated[
        bool,
        typer.Option("--sklearn", help="A classifier over standardised embeddings, not a loss."),
    ] = False,
) -> None:
    """Write a package with a method that works, to be edited.

    It holds source, tests and the entry point by which the method is found.
    """
    from xlser.methods.scaffold import write_package

    package = write_package(name, folder, sklearn)
    typer.echo(f"wrote {package}")
    messages(f"Next: cd {package}; pip install -e '.[tests]'; pytest; xlser run {name} sft")
