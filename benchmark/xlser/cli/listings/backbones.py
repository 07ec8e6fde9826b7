"""`xlser backbones`: lists backbones, or shows one."""

from typing import TYPE_CHECKING, Annotated

import typer

from xlser.cli.output import messages, print_facts, print_json, print_table
from xlser.cli.parameters import AsJson, completing, with_options

if TYPE_CHECKING:
    from xlser.api.options import RunOptions


@with_options("weights")
def backbones(
    *,
    name: Annotated[
        str | None,
        typer.Argument(
            help="A backbone; default: all.", autocompletion=completing("xlser.backbones")
        ),
    ] = None,
    options: "RunOptions",
    as_json: AsJson = False,
) -> None:
    """List backbones, or show one with what it was trained on.

    Dimension of the embedding, weights, their licence; of one: its input as well. A name may be
    one of those listed, hf:owner/name@revision, hf:/path/to/folder or features:table.parquet,
    each with options: whisper-base#layer=3.
    """
    from xlser.api.listings import backbone_rows
    from xlser.settings import Settings

    rows = list(backbone_rows([name] if name else [], Settings.gather(weights=options.weights)))
    if as_json:
        print_json(rows[0] if name else rows)
        return
    if name:
        print_facts(rows[0])
        return
    print_table(
        [
            {
                "backbone": row["backbone"],
                "dimension": row["dimension"],
                "weights": _weights(row),
                "trained on": row["trained on"],
                "licence": row["licence"],
            }
            for row in rows
            if "fault" not in row
        ]
    )
    for row in rows:
        if "fault" in row:
            messages(row["fault"], style="red")


def _weights(row: dict[str, str | None]) -> str:
    if row["weights"] is None:
        return "needs none"
    return "found" if row["found in"] else "downloaded when needed"
