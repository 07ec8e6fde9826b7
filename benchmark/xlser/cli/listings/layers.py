"""`xlser layers`: compares the layers of an encoder on source speakers."""

from typing import TYPE_CHECKING, Annotated

import typer

from xlser.cli.output import messages, print_json, print_table
from xlser.cli.parameters import AsJson, completing, with_options

if TYPE_CHECKING:
    from xlser.api.options import RunOptions


@with_options("data", "weights")
def layers(
    *,
    backbone: Annotated[
        str,
        typer.Argument(
            help="An encoder: whisper-base, hf:owner/name, ...",
            autocompletion=completing("xlser.backbones"),
        ),
    ],
    protocol: Annotated[
        str,
        typer.Option(
            help="Protocol whose source is used.", autocompletion=completing("xlser.protocols")
        ),
    ] = "v1",
    options: "RunOptions",
    as_json: AsJson = False,
) -> None:
    """Compare the layers of an encoder on source speakers.

    No target speech is read. The layer found is declared by name: --backbone whisper-base#layer=3.
    """
    from dataclasses import asdict

    from xlser.api.layers import choose_layer
    from xlser.monitoring.bars import Bars, Steps
    from xlser.protocols import find_protocol
    from xlser.settings import Settings

    settings = Settings.gather(data=options.data, weights=options.weights)
    with Bars(messages) as bars:
        choice = choose_layer(
            backbone, find_protocol(protocol, settings=settings), settings, Steps(bars, messages)
        )
    if as_json:
        print_json({**asdict(choice), "layer": choice.layer})
        return
    messages(
        f"{choice.backbone} (weights {choice.weights[:8]}), source of {choice.protocol}: "
        f"{', '.join(choice.corpora)}; {choice.utterances} utterances of {choice.speakers} "
        f"speakers, {choice.folds} folds"
    )
    print_table(choice.rows())
    messages(f"chosen: {choice.backbone}#layer={choice.layer}")
