"""`xlser train`: a method trained for use, in a folder."""

from pathlib import Path
from typing import Annotated

import typer

from xlser.cli.output import messages, print_json, progress
from xlser.cli.parameters import AsJson, Data, Weights, completing


def train(
    method: Annotated[
        str,
        typer.Argument(
            help="Method: a name, or module:Class or file.py:Class.",
            autocompletion=completing("xlser.methods"),
        ),
    ],
    target: Annotated[str, typer.Option(help="Language that the model is for.")],
    out: Annotated[Path, typer.Option(help="Folder of the model; must not be there.")],
    protocol: Annotated[str, typer.Option(help="Protocol: a name or a file of your own.")] = "demo",
    labels: Annotated[int | None, typer.Option(help="Label budget; default: the largest.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the protocol; default: the first.")] = None,
    fold: Annotated[int | None, typer.Option(help="Of the seed; default: the first.")] = None,
    backbone: Annotated[
        str | None, typer.Option(help="Speech encoder; default: the protocol's.")
    ] = None,
    track: Annotated[
        str, typer.Option(help="frozen: embed once and train on that; finetune: all of it.")
    ] = "frozen",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A hyper-parameter, name=value.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; default: a GPU if any.")] = None,
    data: Data = None,
    weights: Weights = None,
    as_json: AsJson = False,
) -> None:
    """Train a method and save it for `xlser predict`.

    The folder holds a safetensors file and a JSON card: what the model learnt from, and what it
    scores on speakers that it did not train on. Nothing is pickled.
    """
    from xlser.api.options import RunOptions
    from xlser.api.training import train_model

    several = {"labels": labels, "seeds": seed, "folds": fold, "settings": settings}
    given = {name: value for name, value in several.items() if value is not None}
    options = RunOptions(
        methods=method,
        target=target,
        protocol=protocol,
        backbone=backbone,
        track=track,
        device=device,
        data=data,
        weights=weights,
        **given,
    )
    messages.form = "json" if as_json else "text"
    with progress("Stopped. No model was saved.") as bars:
        model = train_model(options, out, messages, bars)
    if as_json:
        print_json(model.card.model_dump(mode="json", exclude={"predictor"}))
        return
    typer.echo(model.card.about())
    messages(f"wrote {out}")
