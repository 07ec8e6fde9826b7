"""`xlser run`: methods through a protocol, to a leaderboard."""

import shlex
import shutil
import sys
from typing import TYPE_CHECKING

import typer

from xlser.cli.output import messages, print_json, progress
from xlser.cli.parameters import AsJson, with_options

if TYPE_CHECKING:
    from xlser.api.options import RunOptions
    from xlser.api.pipeline import Finished
    from xlser.leaderboards.screen import Screen
    from xlser.site import Written


@with_options()
def run(*, options: "RunOptions", as_json: AsJson = False) -> None:
    """Run methods through a protocol and write its leaderboard.

    Without arguments: the demo. One record a run; runs whose record exists are not repeated, so
    the same command goes on after an interruption. Exit code 1 if a run failed.
    """
    from xlser.api.pipeline import carry_out

    messages.form = "json" if as_json else "text"
    with progress() as bars:
        finished = carry_out(options, messages, bars, shlex.join(["xlser", *sys.argv[1:]]))
    _print(finished, as_json)
    if finished.failures:
        raise typer.Exit(1)


def _print(finished: "Finished", as_json: bool) -> None:
    """Write the leaderboard; print it, or at a terminal a screen of it, and what failed."""
    from xlser.monitoring.report import failure_lines
    from xlser.records.store import known_keys
    from xlser.site import write_leaderboard
    from xlser.site.pages.protocol import render

    grid, plan, failures = finished.grid, finished.plan, finished.failures
    written = write_leaderboard(grid.protocol, grid.options.leaderboards)
    if as_json:
        recorded = known_keys(grid.results)
        runs = (*plan.done, *plan.todo)
        print_json(
            {
                "records": [str(recorded.get(r.key, r.path(grid.results))) for r in runs],
                "failed": [failure["run"] for failure in failures],
                "failures": failures,
                "skipped": plan.skipped,
                "notes": plan.notes,
                "leaderboard": str(written.page),
            }
        )
        return
    if sys.stdout.isatty():
        typer.echo(_screen(finished, written).text(_lines_at_hand()))
    else:
        typer.echo(render(written.results, grid.request.targets), nl=False)
        messages(f"wrote {written.page}")
    if failures:
        messages("")
        for line in failure_lines(failures, grid.results.parent / "failures", traces=True):
            messages(line)
        messages(f"{len(failures)} of {len(plan.todo)} runs failed.", style="red")


def _screen(finished: "Finished", written: "Written") -> "Screen":
    from xlser.leaderboards.screen import Screen

    grid, plan = finished.grid, finished.plan
    keys = [run.key for run in (*plan.done, *plan.todo)]
    named = [run.method.name for run in plan.todo] if grid.options.methods else []
    return Screen(written.results, written.page, grid.request.targets, keys, set(named))


def _lines_at_hand() -> int:
    """Return how many lines a screen may have here, the shell's next prompt left out."""
    from xlser.leaderboards.screen import HEIGHT

    return min(HEIGHT, max(18, shutil.get_terminal_size((80, HEIGHT + 1)).lines - 1))
