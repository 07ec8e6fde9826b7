"""`xlser leaderboard`: records in, Markdown and pictures out."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from xlser.cli.output import messages, print_json
from xlser.cli.parameters import AsJson, with_options

if TYPE_CHECKING:
    from xlser.api.options import RunOptions


@with_options("leaderboards")
def leaderboard(
    *,
    protocols: Annotated[
        list[str] | None, typer.Argument(help="Protocols; default: all that have records.")
    ] = None,
    options: "RunOptions",
    metrics: Annotated[
        str, typer.Option(help="Metrics to show beside UA and accuracy, separated by commas.")
    ] = "",
    html: Annotated[
        bool,
        typer.Option(
            "--html", help="Write index.html as well, one file to sort, filter and compare."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write tables and figures from records.

    They go to `leaderboards/<protocol>/README.md`, from the records in `results/` beside it; the
    blocks of `leaderboards/README.md` about these protocols, where there is one, are written anew
    as well. So is `index.html`, once `--html` has made one.
    """
    from xlser.leaderboards.values import table_as_values
    from xlser.protocols import find_protocol, names_with_results
    from xlser.site import Leaderboards

    leaderboards = options.leaderboards
    names = protocols or names_with_results(leaderboards)
    if not names:
        messages(f"No records under {leaderboards}/. `xlser run` makes some.")
        raise typer.Exit(1)
    folder = Leaderboards(leaderboards)
    shown = [metric.strip() for metric in metrics.split(",") if metric.strip()]
    answer: dict[str, Any] = {}
    for name in names:
        written = folder.write(find_protocol(name, leaderboards), shown, html=html)
        for path, what in written.results.left_out:
            messages(f"left out: {path}: {what}")
        if as_json:
            reference = written.results.protocol.presentation.reference
            tables = written.results.tables()
            answer[name] = [table_as_values(table, reference) for table in tables]
        else:
            messages(f"wrote {written.page}")
            if written.html:
                messages(f"wrote {written.html}")
    page = folder.write_readme(names)
    if as_json:
        print_json(answer)
    elif page:
        messages(f"wrote {page}")
