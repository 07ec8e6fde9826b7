"""`xlser run`: methods through a protocol, to a leaderboard."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import typer

from xlser.cli.app import (
    AsJson,
    Data,
    Exclude,
    Watcher,
    Weights,
    print_json,
    progress,
    tell,
)
from xlser.cli.running.grid import (
    Assignments,
    Backbone,
    Budgets,
    Device,
    ExecutorChoice,
    ExecutorName,
    Isolate,
    Jobs,
    Leaderboards,
    Methods,
    Precision,
    PrecisionChoice,
    ProtocolName,
    Repeats,
    Seeds,
    Targets,
    Timeout,
    Track,
    TrackChoice,
    With,
    require_runs,
    resolve,
    show_plan,
)
from xlser.cli.running.report import Report, failure_lines
from xlser.errors import SettingsError

if TYPE_CHECKING:
    from xlser.monitoring.costs import Costs
    from xlser.protocols import Protocol
    from xlser.runs import Plan


def run(
    methods: Methods = None,
    protocol: ProtocolName = "demo",
    target: Targets = None,
    labels: Budgets = None,
    seeds: Seeds = None,
    track: Track = TrackChoice.frozen,
    backbone: Backbone = None,
    assignments: Assignments = None,
    precision: Precision = PrecisionChoice.auto,
    device: Device = None,
    jobs: Jobs = None,
    executor: ExecutorName = ExecutorChoice.local,
    with_: With = None,
    repeats: Repeats = 1,
    isolate: Isolate = False,
    timeout: Timeout = None,
    data: Data = None,
    weights: Weights = None,
    exclude: Exclude = None,
    leaderboards: Leaderboards = Path("leaderboards"),
    as_json: AsJson = False,
) -> None:
    """Run methods through a protocol and write its leaderboard.

    Without arguments: the demo. One record a run; runs whose record exists are not repeated, so
    the same command goes on after an interruption. Exit code 1 if a run failed.
    """
    from xlser import runs
    from xlser.backbones import pretrained
    from xlser.executors import execute
    from xlser.monitoring.costs import Costs
    from xlser.monitoring.progress import Progress
    from xlser.monitoring.status import StatusFile

    tell.in_json = as_json
    grid = resolve(
        methods=methods,
        protocol=protocol,
        target=target,
        labels=labels,
        seeds=seeds,
        track=track,
        backbone=backbone,
        assignments=assignments,
        precision=precision,
        device=device,
        jobs=jobs,
        executor=executor,
        with_=with_,
        repeats=repeats,
        data=data,
        weights=weights,
        exclude=exclude,
        leaderboards=leaderboards,
    )
    chosen, request, results = grid.protocol, grid.request, grid.results
    with progress() as bars:
        speech = runs.gather(chosen, request.targets, grid.settings, Watcher(bars))
        network = pretrained(grid.backbone, grid.settings)
        speech.prepare(request.track, network)
        plan = runs.make_plan(request, speech, network, results)
        show_plan(plan, chosen, request)
        costs = Costs("cpu" if grid.device.type == "cpu" else "gpu")
        _require_results(plan, chosen, results, costs)
        where = grid.executor.sized(request.track, grid.device, len(plan.todo))
        shared = runs.Shared(speech, network, results, grid.device, isolate, timeout, where.threads)
        told = Progress(seconds=costs.seconds), bars, StatusFile(leaderboards / protocol)
        with Report(*told) as report:
            execute(plan, shared, report.events(), where, costs.seconds)
    _finish(chosen, leaderboards, request.targets, plan, report, as_json)


def _require_results(plan: "Plan", protocol: "Protocol", results: Path, costs: "Costs") -> None:
    """Refuse before training what would fail after it: nothing to do, or no place for results.

    The records there are tell `costs` what runs take.
    """
    from xlser.records.store import read_records

    require_runs(plan)
    try:
        results.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=results) as probe:
            probe.write(bytes(1 << 16))  # about a record
    except OSError as cause:
        raise SettingsError(
            f"{results} cannot hold results ({cause}).", "Name another folder: --leaderboards."
        ) from cause
    if plan.todo:
        for _ in costs.learning(read_records(results)):
            pass


def _finish(
    protocol: "Protocol",
    leaderboards: Path,
    targets: Sequence[str],
    plan: "Plan",
    report: Report,
    as_json: bool,
) -> None:
    """Write and print the leaderboard, then what failed."""
    from xlser.leaderboards import render, write_leaderboard
    from xlser.records.store import known_keys
    from xlser.runs.failures import about

    written = write_leaderboard(protocol, leaderboards)
    results = leaderboards / protocol.name / "results"
    failures = [about(run, failure, results) for run, failure in report.failures]
    if as_json:
        recorded = known_keys(results)
        runs = (*plan.done, *plan.todo)
        print_json(
            {
                "records": [str(recorded.get(run.key, run.path(results))) for run in runs],
                "failed": [failure["run"] for failure in failures],
                "failures": failures,
                "skipped": plan.skipped,
                "notes": plan.notes,
                "leaderboard": str(written.page),
            }
        )
    else:
        typer.echo(render(written.results, targets), nl=False)
        tell(f"wrote {written.page}")
    if failures:
        if not as_json:
            tell("")
            for line in failure_lines(failures, results.parent / "failures", traces=True):
                tell(line)
            tell(f"{len(failures)} of {len(plan.todo)} runs failed.", style="red")
        raise typer.Exit(1)
