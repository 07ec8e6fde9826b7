"""`xlser plan`: what `xlser run` would take, before anything starts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from xlser.cli.output import messages, print_json, print_table, progress
from xlser.cli.parameters import AsJson, with_options
from xlser.monitoring.durations import duration

if TYPE_CHECKING:
    from xlser.api.options import RunOptions
    from xlser.monitoring.forecast import Forecast


@with_options()
def plan(*, options: "RunOptions", as_json: AsJson = False) -> None:
    """Show what `xlser run` would take, before anything starts.

    It takes the same arguments and computes nothing.

    Costs are those of the records at hand, else guesses from relative costs, which are marked.
    """
    from xlser.api.pipeline import forecast

    messages.form = "json" if as_json else "text"
    with progress("Stopped.") as bars:
        grid, made, expected = forecast(options, messages, bars)
    about = {
        "runs": {"to do": len(made.todo), "recorded": len(made.done)},
        "skipped": made.skipped,
        "notes": made.notes,
        **_expected(expected, [options.jobs] if options.jobs else [], on_cpu=grid.kind == "cpu"),
        "costs": list(_costs(expected)),
    }
    if as_json:
        print_json(about)
    else:
        _print(about)


def _expected(forecast: "Forecast", workers: Sequence[int], on_cpu: bool) -> dict[str, Any]:
    path = forecast.longest_path
    return {
        "source models": forecast.models,
        "core-hours": forecast.core_seconds / 3600 if on_cpu else None,
        "GPU-hours": None if on_cpu else forecast.seconds / 3600,
        "guessed": forecast.guessed,
        "longest path": {
            "seconds": forecast.seconds_of(path),
            "jobs": [job.label for job in path],
        },
        "wall time": [
            {"workers": count, "seconds": seconds}
            for count, seconds in forecast.wall_times(workers).items()
        ],
        "bytes": forecast.storage(),
    }


def _costs(forecast: "Forecast") -> Iterator[dict[str, Any]]:
    """Yield where the cost of each kind of job is from."""
    for (what, estimate), jobs in forecast.estimates().items():
        yield {
            "of": what,
            "jobs": jobs,
            "seconds": round(estimate.seconds, 3),
            "times": estimate.times,
            "from": estimate.origin,
        }


def _print(about: Mapping[str, Any]) -> None:
    if not about["runs"]["to do"]:
        typer.echo("Nothing is left to do.")
        return
    hours, of = about["core-hours"], "core-hours"
    if hours is None:
        hours, of = about["GPU-hours"], "GPU-hours"
    path, storage = about["longest path"], about["bytes"]
    guessed = f", {about['guessed']:.0%} of the time guessed" if about["guessed"] else ""
    typer.echo(f"work: {hours:.2f} {of}, {about['source models']} source models included{guessed}")
    typer.echo(f"longest path: {duration(path['seconds'])} ({', then '.join(path['jobs'])})")
    written = ", ".join(f"{what} {_megabytes(size)}" for what, size in storage.items() if size)
    typer.echo(f"storage: {written}\n")
    print_table(
        [
            {"workers": each["workers"], "at least": duration(each["seconds"])}
            for each in about["wall time"]
        ]
    )
    typer.echo("")
    print_table(about["costs"])


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"
