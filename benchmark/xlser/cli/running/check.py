"""`xlser check`: are results still those of the reference?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xlser.cli.output import messages, print_json, progress
from xlser.cli.parameters import AsJson, with_options

if TYPE_CHECKING:
    from xlser.api.options import RunOptions
    from xlser.regression.check import Check


@with_options("data", "weights")
def check(
    *,
    reference: Annotated[
        Path, typer.Argument(help="Folder of leaderboards that hold reference records.")
    ] = Path("reference"),
    taken: Annotated[
        Path | None,
        typer.Option("--take", help="Folder of leaderboards to compare, instead of running."),
    ] = None,
    options: "RunOptions",
    as_json: AsJson = False,
) -> None:
    """Run a reference anew and compare.

    Exit code 1 if a result does not hold.

    A reference is made by `xlser run --repeats N --leaderboards reference`. The spread of
    its repeats bounds how far a result may lie from them.
    """
    from xlser.regression.check import hold, reference_cells, take
    from xlser.settings import Settings

    cells = reference_cells(reference)
    if taken:
        now = take(cells, taken)
    else:
        from xlser.monitoring.bars import Steps
        from xlser.monitoring.progress import Progress
        from xlser.monitoring.report import Report
        from xlser.regression.rerun import rerun

        settings = Settings.gather(data=options.data, weights=options.weights)
        with (
            progress("Stopped. Nothing is compared.") as bars,
            Report(Progress(len(cells)), bars, messages) as report,
        ):
            now = rerun(cells, settings, Steps(bars, messages), report.events())
    found = hold(cells, now)
    if as_json:
        print_json(_as_json(found))
    else:
        typer.echo(str(found))
    raise typer.Exit(int(not found.passed))


def _as_json(found: "Check") -> dict[str, Any]:
    figures = [
        {
            "cell": figure.cell.asked,
            "role": figure.role,
            "figure": figure.name,
            "repeats": figure.repeats,
            "mean": figure.mean,
            "spread": figure.spread,
            "tolerance": figure.tolerance,
            "now": figure.now,
            "verdict": figure.verdict,
        }
        for figure in found.figures
    ]
    return {
        "passed": found.passed,
        "figures": figures,
        "not compared": [{"cell": cell.asked, "why": why} for cell, why in found.obstacles],
        "remarks": list(found.remarks),
    }
