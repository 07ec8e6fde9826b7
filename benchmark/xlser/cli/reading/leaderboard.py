"""`xlser leaderboard`: records in, Markdown and pictures out."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from xlser.cli.output import messages, print_json
from xlser.cli.parameters import AsJson, Leaderboards


def leaderboard(
    protocols: Annotated[
        list[str] | None, typer.Argument(help="Protocols; default: all that have records.")
    ] = None,
    leaderboards: Leaderboards = Path("leaderboards"),
    as_json: AsJson = False,
) -> None:
    """Write tables and figures from records.

    They go to `leaderboards/<protocol>/README.md`, from the records in `results/` beside it; the
    figures in `leaderboards/README.md`, where there is one, are written anew as well.
    """
    from xlser.leaderboards import refresh_lessons, write_leaderboard
    from xlser.protocols import get_protocol, protocol_names

    names = protocols or [n for n in protocol_names() if (leaderboards / n / "results").is_dir()]
    if not names:
        messages(f"No records under {leaderboards}/. `xlser run` makes some.")
        raise typer.Exit(1)
    answer: dict[str, Any] = {}
    for name in names:
        written = write_leaderboard(get_protocol(name), leaderboards)
        if as_json:
            answer[name] = [_as_json(board) for board in written.results.tables()]
        else:
            messages(f"wrote {written.page}")
    page = refresh_lessons(leaderboards)
    if as_json:
        print_json(answer)
    elif page:
        messages(f"wrote {page}")


def _as_json(board: Any) -> dict[str, Any]:
    def row(value: Any) -> dict[str, Any]:
        figures = {
            f"{role} {name}": {"mean": figure.mean, "spread": figure.spread}
            for (role, name), figure in value.scores.items()
        }
        return {
            "method": value.method,
            "labels": value.labels,
            "bound": value.bound,
            "seeds": value.seeds,
            "figures": figures,
            "interval": value.resampled.estimate.interval,
        }

    return {
        "target": board.target,
        "setting": asdict(board.condition),
        "majority": board.majority,
        "rows": [row(value) for value in board.rows],
    }
