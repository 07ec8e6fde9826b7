"""`xlser protocols`: lists protocols, or shows one."""

from typing import Annotated

import typer

from xlser.cli.output import print_facts, print_json, print_table
from xlser.cli.parameters import AsJson, Data, completing


def protocols(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A protocol; default: all.", autocompletion=completing("xlser.protocols")
        ),
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List protocols, or show one with its digest.

    Languages and their corpora, which of them are not found here, classes, seeds, label budgets.
    """
    from xlser.api.listings import protocol_rows
    from xlser.settings import Settings

    rows = list(protocol_rows([name] if name else [], Settings.gather(data=data)))
    if as_json:
        print_json(rows[0] if name else rows)
    elif name:
        print_facts(rows[0])
    else:
        print_table(
            [
                {
                    "protocol": row["protocol"],
                    "source": row["source"],
                    "targets": ", ".join(row["targets"]),
                    "classes": len(row["classes"]),
                    "seeds": len(row["seeds"]),
                    "budgets": ", ".join(map(str, row["budgets"])),
                    "corpora not found": ", ".join(row["corpora not found"]) or "none",
                    "about": row["about"],
                }
                for row in rows
            ]
        )
