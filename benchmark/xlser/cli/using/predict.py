"""`xlser predict`: the emotion of recordings, by a trained model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from xlser.cli.output import messages, print_json, print_table
from xlser.cli.parameters import AsJson, with_options
from xlser.system.files import without_common_folder

if TYPE_CHECKING:
    from xlser.api.options import RunOptions


@with_options("weights")
def predict(
    *,
    model: Annotated[Path, typer.Argument(help="Folder that `xlser train` wrote.")],
    recordings: Annotated[list[Path], typer.Argument(help="Recordings of speech.")],
    form: Annotated[
        Literal["table", "csv"], typer.Option("--format", help="How predictions are printed.")
    ] = "table",
    options: "RunOptions",
    as_json: AsJson = False,
) -> None:
    """Print the emotion of recordings, with the measured UA.

    Every prediction comes with the language of the model and its measured UA.
    """
    from xlser.models import load_model
    from xlser.settings import Settings

    messages.form = "json" if as_json else "text"
    loaded = load_model(model, Settings.gather(weights=options.weights))
    card, found = loaded.card, loaded.predict(recordings)
    worth = card.measured[card.target]
    found["model"], found["language"], found["measured UA"] = card.method, card.target, worth.ua
    if as_json:
        stated = card.model_dump(mode="json", exclude={"predictor"})
        print_json({"model": stated, "predictions": found.to_dict("records")})
    elif form == "csv":
        typer.echo(found.to_csv(index=False, lineterminator="\n"), nl=False)
        messages(card.about())
    else:
        percent = found[["probability", *card.classes]].mul(100).round(0).astype(int)
        shown = found[["file", "emotion"]].join(percent.rename(columns={"probability": "%"}))
        shown["file"] = without_common_folder(shown["file"])
        print_table(shown.to_dict("records"))
        typer.echo(f"\n{card.about()}")
