"""`xlser backbones`: lists backbones, or shows one."""

from typing import Annotated, Any

import typer

from xlser.cli.output import in_words, messages, print_facts, print_json, print_table
from xlser.cli.parameters import AsJson, Weights, completing


def backbones(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A backbone; default: all.", autocompletion=completing("xlser.backbones")
        ),
    ] = None,
    weights: Weights = None,
    as_json: AsJson = False,
) -> None:
    """List backbones, or show one with its citation and the speech it was trained on.

    Dimension of the embedding, input, where the weights are found, their licence. A name may be
    one of those listed, hf:owner/name@revision, hf:/path/to/folder or features:table.parquet,
    each with options: whisper-base#layer=3.
    """
    from xlser.api.listings import backbone_rows
    from xlser.settings import Settings

    rows = list(backbone_rows([name] if name else [], Settings.gather(weights=weights)))
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
                "input": _input(row),
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


def _input(row: dict[str, Any]) -> str:
    """Return what a backbone reads, with the front-end of log-mels."""
    of = row["front-end"]
    return f"{row['input']} ({in_words(of)})" if of else str(row["input"])


def _weights(row: dict[str, str | None]) -> str:
    if row["weights"] is None:
        return "needs none"
    return row["found in"] or "not found (downloaded when needed)"
