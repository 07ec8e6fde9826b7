"""`xlser spread`: how far runs lie apart by training, label draw and speakers."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from xlser.cli.output import messages, print_json, print_table
from xlser.cli.parameters import AsJson, Metric, with_options

if TYPE_CHECKING:
    from xlser.api.options import ReadOptions


@with_options("leaderboards")
def spread(
    *,
    protocol: Annotated[
        str, typer.Argument(help="A protocol: a name, or a file of your own.")
    ] = "v1",
    metric: Metric = None,
    options: "ReadOptions",
    as_json: AsJson = False,
) -> None:
    """Show what the spread of runs is due to.

    It is split into training, the draw of labels, and the choice of test speakers.

    Points, one standard deviation of a single run. Needs repeats: `xlser run METHOD --repeats 3`
    trains anew on the same labels, and with --redraw-labels on others.
    """
    from xlser.protocols import find_protocol
    from xlser.results import load

    leaderboards = options.leaderboards
    found = load(find_protocol(protocol, leaderboards), leaderboards).spread(metric)
    rows = [
        {str(name): None if value != value else value for name, value in row.items()}  # NaN
        for row in found.to_dict("records")
    ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        messages("no method has repeats: xlser run METHOD --repeats 3 [--redraw-labels]")
    print_table([{name.replace("_", " "): _shown(of) for name, of in row.items()} for row in rows])


def _shown(value: Any) -> Any:
    return f"{value:.1f}" if isinstance(value, float) else value
