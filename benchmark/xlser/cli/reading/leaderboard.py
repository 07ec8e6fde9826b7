"""`xlser leaderboard`: records in, Markdown and pictures out."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xlser.cli.output import messages, print_json
from xlser.cli.parameters import AsJson, LeaderboardsFolder

if TYPE_CHECKING:
    from xlser.results import Row, Table


def leaderboard(
    protocols: Annotated[
        list[str] | None, typer.Argument(help="Protocols; default: all that have records.")
    ] = None,
    leaderboards: LeaderboardsFolder = Path("leaderboards"),
    metrics: Annotated[
        str, typer.Option(help="Metrics to show beside UA and accuracy, separated by commas.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write tables and figures from records.

    They go to `leaderboards/<protocol>/README.md`, from the records in `results/` beside it; the
    blocks of `leaderboards/README.md`, where there is one, are written anew as well.
    """
    from xlser.leaderboards import Leaderboards
    from xlser.protocols import find_protocol, names_with_results

    names = protocols or names_with_results(leaderboards)
    if not names:
        messages(f"No records under {leaderboards}/. `xlser run` makes some.")
        raise typer.Exit(1)
    folder = Leaderboards(leaderboards)
    shown = [metric.strip() for metric in metrics.split(",") if metric.strip()]
    answer: dict[str, Any] = {}
    for name in names:
        written = folder.write(find_protocol(name, leaderboards), shown)
        if as_json:
            answer[name] = [_table_as_json(table) for table in written.results.tables()]
        else:
            messages(f"wrote {written.page}")
    page = folder.write_readme()
    if as_json:
        print_json(answer)
    elif page:
        messages(f"wrote {page}")


def _table_as_json(table: "Table") -> dict[str, Any]:
    return {
        "target": table.target,
        "condition": asdict(table.condition),
        "majority": table.majority,
        "rows": [_row_as_json(row) for row in table.rows],
    }


def _row_as_json(row: "Row") -> dict[str, Any]:
    scores = {
        f"{role} {metric}": {"mean": score.mean, "spread": score.spread}
        for (role, metric), score in row.scores.items()
    }
    return {
        "method": row.method,
        "labels": row.labels,
        "bound": row.bound,
        "seeds": row.seeds,
        "scores": scores,
        "interval": row.resampled.estimate.interval,
    }
