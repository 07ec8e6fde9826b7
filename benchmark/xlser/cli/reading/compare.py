"""`xlser compare`: the difference of two methods in each cell, and whether it is separable."""

from typing import TYPE_CHECKING, Annotated

import typer

from xlser.cli.output import print_json
from xlser.cli.parameters import AsJson, Metric, with_options

if TYPE_CHECKING:
    from xlser.api.options import ReadOptions
    from xlser.protocols import Labels


@with_options("leaderboards")
def compare(
    *,
    a: Annotated[str, typer.Argument(help="A method, as the leaderboard's rows name it.")],
    b: Annotated[str, typer.Argument(help="Another.")],
    protocol: Annotated[
        str, typer.Option(help="A protocol: a name, or a file of your own.")
    ] = "v1",
    target: Annotated[
        list[str] | None, typer.Option(help="Target languages; default: all both have.")
    ] = None,
    labels: Annotated[
        list[str] | None, typer.Option(help="Label budgets, or 'all'; default: what both have.")
    ] = None,
    metric: Metric = None,
    options: "ReadOptions",
    as_json: AsJson = False,
) -> None:
    """Show how far apart two methods are, and how sure that is.

    Both are compared wherever they have the same target, label budget, seeds and recordings.
    """
    from xlser.leaderboards import as_values, in_words
    from xlser.protocols import find_protocol
    from xlser.results import load

    leaderboards = options.leaderboards
    results = load(find_protocol(protocol, leaderboards), leaderboards)
    budgets = [_budget(text) for text in labels or ()]
    found = results.compare(a, b, targets=target or (), labels=budgets, metric=metric)
    if as_json:
        print_json(as_values(found))
    else:
        typer.echo(in_words(results.protocol, found), nl=False)


def _budget(text: str) -> "Labels":
    if text != "all" and not text.isdecimal():
        raise typer.BadParameter(f"{text!r} is not a label budget: a number, or all.")
    return "all" if text == "all" else int(text)
