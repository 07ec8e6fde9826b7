"""`xlser status`: how far the grids are that run, or ran last."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xlser.cli.output import print_json
from xlser.cli.parameters import AsJson, with_options
from xlser.monitoring.durations import duration

if TYPE_CHECKING:
    from xlser.api.options import RunOptions


@with_options("leaderboards")
def status(
    *,
    options: "RunOptions",
    protocol: Annotated[str | None, typer.Option(help="One protocol; default: all.")] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on showing it until nothing runs any more.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how far `xlser run` is, from another terminal.

    What is at work, what is left, what it cost, and which runs have failed; also for commands that
    ended, and for those whose process is gone.
    """
    leaderboards = options.leaderboards
    looks = _looks(leaderboards, protocol)
    if not watch:
        found = next(looks)
        if as_json:
            print_json(found)
        else:
            typer.echo("\n".join(_in_words(found, leaderboards)))
        return
    with suppress(KeyboardInterrupt):  # which ends the watching and nothing else
        if as_json:
            for found in looks:
                typer.echo(json.dumps(found, ensure_ascii=False))
        else:
            _show(looks, leaderboards)


def _show(looks: Iterator[dict[str, Any]], leaderboards: Path) -> None:
    """Show each look in the place of the one before."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(highlight=False), auto_refresh=False) as live:
        for found in looks:
            live.update(Text("\n".join(_in_words(found, leaderboards))), refresh=True)


def _looks(leaderboards: Path, protocol: str | None) -> Iterator[dict[str, Any]]:
    """Look each second, until nothing runs any more."""
    while True:
        found = _look(leaderboards, protocol)
        yield found
        if not any(_runs(snapshot) for each in found.values() for snapshot in each["commands"]):
            return
        time.sleep(1.0)


def _look(leaderboards: Path, protocol: str | None) -> dict[str, Any]:
    """Return the status of commands and the failed runs, by protocol.

    Raises:
        ResultsError: no command has written its status.
    """
    from xlser.errors import ResultsError
    from xlser.monitoring.status import read_failures, read_statuses

    found = {}
    for folder in sorted(leaderboards.glob(protocol or "*")):
        if commands := read_statuses(folder):
            found[folder.name] = {"commands": commands, "failures": read_failures(folder)}
    if not found:
        raise ResultsError(
            f"Nothing is known of a run at {leaderboards / (protocol or '')}.",
            "Start one with `xlser run`, or name the folder that it was given: --leaderboards.",
        )
    return found


def _runs(snapshot: Mapping[str, Any]) -> bool:
    return snapshot["state"] in ("running", "silent")


def _in_words(found: Mapping[str, Any], leaderboards: Path) -> Iterator[str]:
    from xlser.monitoring.report import failure_lines

    for name, protocol in found.items():
        for snapshot in protocol["commands"]:
            yield f"{name}: {_state(snapshot)}"
            yield from (f"  {line}" for line in _progress(snapshot))
        if failures := protocol["failures"]:
            yield f"  {len(failures)} runs have failed and not succeeded since:"
            folder = leaderboards / name / "failures"
            for line in failure_lines(failures, folder, traces=False):
                yield f"    {line}"


def _state(snapshot: Mapping[str, Any]) -> str:
    process = f"process {snapshot['process']} on host {snapshot['host']}"
    command = f"{snapshot['command']} (in {snapshot['folder']})"
    ago = duration(snapshot["silent_for"])
    again = f"the same command goes on: {command}"
    return {
        "running": f"{command} is running, {process}",
        "ended": f"{command} ended {ago} ago",
        "interrupted": f"stopped {ago} ago; {again}",
        "failed": f"ended in an error {ago} ago; {again}",
        "gone": f"{process} was killed {ago} ago or before; {again}",
        "silent": f"no update for {ago} from {process}; if it has ended, {again}",
    }[snapshot["state"]]


def _progress(snapshot: Mapping[str, Any]) -> Iterator[str]:
    from xlser.monitoring.report import in_a_line, job_in_a_line

    if not _runs(snapshot):
        yield in_a_line({**snapshot, "longest_at_work": [], "seconds_left": None})
        return
    jobs = snapshot["longest_at_work"]
    yield in_a_line({**snapshot, "longest_at_work": []})
    yield from (f"at work: {job_in_a_line(job)}" for job in jobs)
    if (more := snapshot["runs"]["at_work"] - len(jobs)) > 0:
        yield f"and {more} more"
