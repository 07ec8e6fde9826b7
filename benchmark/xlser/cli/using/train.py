"""`xlser train`: a method trained for use, in a folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xlser.cli.output import messages, print_json, progress
from xlser.cli.parameters import AsJson, completing, with_options

if TYPE_CHECKING:
    from xlser.api.options import RunOptions


@with_options(
    "protocol",
    "backbone",
    "track",
    "precision",
    "settings",
    "device",
    "data",
    "weights",
    "exclude",
)
def train(
    *,
    method: Annotated[
        str,
        typer.Argument(
            help="Method: a name, or module:Class or file.py:Class.",
            autocompletion=completing("xlser.methods"),
        ),
    ],
    target: Annotated[str, typer.Option(help="Language that the model is for.")],
    out: Annotated[Path, typer.Option(help="Folder of the model; must not be there.")],
    labels: Annotated[int | None, typer.Option(help="Label budget; default: the largest.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the protocol; default: the first.")] = None,
    fold: Annotated[int | None, typer.Option(help="Of the seed; default: the first.")] = None,
    options: "RunOptions",
    as_json: AsJson = False,
) -> None:
    """Train a method and save it for `xlser predict`.

    The folder holds a safetensors file and a JSON card: what the model learnt from, and what it
    scores on speakers that it did not train on. Nothing is pickled.
    """
    from xlser.api.training import train_model

    one = {"labels": labels, "seeds": seed, "folds": fold}
    asked = options.but(
        methods=method,
        target=target,
        **{name: value for name, value in one.items() if value is not None},
    )
    messages.form = "json" if as_json else "text"
    with progress("Stopped. No model was saved.") as bars:
        model = train_model(asked, out, messages, bars)
    if as_json:
        print_json(model.card.model_dump(mode="json", exclude={"predictor"}))
        return
    typer.echo(model.card.about())
    messages(f"wrote {out}")
