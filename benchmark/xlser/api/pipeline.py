"""The one pipeline behind every function and command that runs methods.

Options become a grid (`resolve`); speech and backbone are made ready (`Pipeline.gather`); the grid
becomes a plan of runs (`Pipeline.plan`), which is carried out (`Pipeline.execute`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import torch

from xlser.api.grid import Grid, describe_plan, resolve
from xlser.api.options import RunOptions
from xlser.backbones import PretrainedBackbone, pretrained
from xlser.errors import MethodError, SettingsError
from xlser.executors import Events, Executor, Local, Outcome, execute
from xlser.methods import Track
from xlser.methods.transport import carried
from xlser.monitoring.bars import Bars, Steps
from xlser.monitoring.console import Messages
from xlser.monitoring.costs import Costs
from xlser.monitoring.forecast import Forecast
from xlser.monitoring.progress import Progress
from xlser.monitoring.report import Report
from xlser.monitoring.status import StatusFile
from xlser.protocols import Protocol, keep_manifest
from xlser.runs import (
    Catalogue,
    Inputs,
    Job,
    JobContext,
    Plan,
    Request,
    Watch,
    gather,
    make_plan,
)
from xlser.runs.failures import about
from xlser.runs.running.isolation import is_of_this_distribution
from xlser.sealing.template import means
from xlser.settings import Settings


@dataclass(frozen=True)
class Pipeline:
    """Corpora and a backbone, from which runs are planned and carried out.

    Attributes:
        catalogue: corpora of a protocol.
        backbone: and its weights.
        cache: folder of features, embeddings and source models.
        watch: called with (piece of work, done, total) while speech is prepared.
    """

    catalogue: Catalogue
    backbone: PretrainedBackbone
    cache: Path
    watch: Watch = lambda work, done, total: None

    @classmethod
    def gather(
        cls,
        protocol: Protocol,
        targets: Sequence[str],
        backbone: str,
        settings: Settings,
        watch: Watch = lambda work, done, total: None,
    ) -> "Pipeline":
        """Scan the corpora of targets and load a backbone.

        Args:
            protocol: whose corpora.
            targets: languages.
            backbone: name.
            settings: where corpora, cache and weights are.
            watch: called with (piece of work, done, total) while speech is prepared.

        Raises:
            XlserError: a corpus or the weights are not found, or are not whole.
        """
        catalogue = gather(protocol, targets, settings)
        return cls(catalogue, pretrained(backbone, settings), settings.cache, watch)

    def inputs(self, track: Track) -> Inputs:
        """Return the inputs of runs on a track, not prepared yet."""
        return Inputs(self.catalogue, self.backbone, track, self.cache)

    def plan(self, request: Request, results: Path, prepare: bool = True) -> Plan:
        """Return the runs that a request asks for, less those that are recorded.

        Args:
            request: which runs.
            results: folder of records.
            prepare: whether to compute features and embeddings that are not in the cache first.

        Raises:
            XlserError: the request cannot be met, or recordings cannot be used.
        """
        if prepare:
            self.inputs(request.track).prepared(self.watch)
        return make_plan(request, self.catalogue, self.backbone, results)

    def execute(
        self,
        plan: Plan,
        results: Path,
        device: torch.device,
        executor: Executor | None = None,
        events: Events | None = None,
        seconds: Callable[[Job], float] = lambda job: 0.0,
        **how: Any,
    ) -> Outcome:
        """Carry out a plan; runs that fail are in the outcome.

        Args:
            plan: runs of one track.
            results: folder of records.
            device: that runs train on.
            executor: where they are computed; None for this process.
            events: callbacks.
            seconds: that a job is expected to take; the longest begin first.
            how: other fields of `xlser.runs.JobContext`: isolate, timeout, threads, given.

        Raises:
            ResultsError: a record cannot be written.
            WorkerError: the executor computes nothing here.
        """
        inputs = self.inputs(track_of(plan))
        if plan.todo:
            inputs = inputs.prepared(self.watch)
        context = JobContext(inputs, results, device, **how)
        return execute(plan, context, events or Events(), executor, seconds)


def sized(executor: Executor, plan: Plan, device: torch.device) -> Executor:
    """Return an executor made fit for the runs of a plan.

    Args:
        executor: as the user chose it.
        plan: runs to do.
        device: that they train on.
    """
    return executor.sized(track_of(plan), device, len(plan.todo))


def track_of(plan: Plan) -> Track:
    """Return the track of the runs to do; "frozen" if there are none."""
    return plan.todo[0].track if plan.todo else "frozen"


@dataclass(frozen=True)
class Finished:
    """How a grid ended.

    Attributes:
        grid: that was asked for.
        plan: its runs.
        failures: runs that failed: how, and the command that repeats each.
    """

    grid: Grid
    plan: Plan
    failures: Sequence[Mapping[str, Any]]


def carry_out(options: RunOptions, messages: Messages, bars: Bars, command: str) -> Finished:
    """Run what options ask for; records and failures are written as runs end.

    Args:
        options: of the runs.
        messages: receives what happens to the runs.
        bars: of the terminal.
        command: as `xlser status` shows it.

    Raises:
        XlserError: it cannot begin, or records cannot be written.
    """
    grid = resolve(options, messages)
    pipeline = Pipeline.gather(
        grid.protocol, grid.request.targets, grid.backbone, grid.settings, Steps(bars, messages)
    )
    _give_notice(pipeline, grid, messages)
    plan = pipeline.plan(grid.request, grid.results)
    describe_plan(plan, grid, messages)
    _report_sandbox(plan, options, messages)
    _require_results(grid)
    costs = Costs(grid.kind, grid.results if plan.todo else None)
    executor = _able_to_reach(sized(grid.executor, plan, grid.device), plan, options, messages)
    status = StatusFile(grid.results.parent, command)
    with Report(Progress(seconds=costs.seconds), bars, messages, status) as report:
        pipeline.execute(
            plan,
            grid.results,
            grid.device,
            executor,
            report.events(),
            costs.seconds,
            isolate=options.isolate,
            timeout=options.timeout,
            threads=executor.threads,
            given=grid.given,
        )
    failures = [about(run, failed, grid.results, grid.given) for run, failed in report.failures]
    return Finished(grid, plan, failures)


def _report_sandbox(plan: Plan, options: RunOptions, messages: Messages) -> None:
    """Report where foreign methods run without the strongest sandbox, and why."""
    foreign = sorted({r.method.name for r in plan.todo if not is_of_this_distribution(r.method)})
    if options.isolate is False or not (foreign or options.isolate):
        return
    how, lacking = means()
    if how != "namespaces":
        what = "each method runs in a process of its own" if options.isolate else "methods run"
        weaker = "sealed by bubblewrap" if how == "bubblewrap" else "with no sandbox around it"
        where = f"{what}, {weaker}" if options.isolate else f"{', '.join(foreign)}: not isolated"
        messages(f"note: {where}: {lacking}", "note", note=lacking)


def _give_notice(pipeline: Pipeline, grid: Grid, messages: Messages) -> None:
    """Show the terms of a backbone whose licence asks for it, before it embeds anything."""
    notice = pipeline.backbone.kind.notice
    if notice and pipeline.inputs(grid.request.track).unprepared()[1]:
        messages(f"note: {notice}", "note", note=notice)


def forecast(options: RunOptions, messages: Messages, bars: Bars) -> tuple[Grid, Plan, Forecast]:
    """Return the grid that options ask for, its plan, and what it will take; compute nothing.

    Args:
        options: of the runs.
        messages: receives what is left out.
        bars: of the terminal.

    Raises:
        XlserError: it could not begin.
    """
    grid = resolve(options, messages)
    pipeline = Pipeline.gather(
        grid.protocol, grid.request.targets, grid.backbone, grid.settings, Steps(bars, messages)
    )
    plan = pipeline.plan(grid.request, grid.results, prepare=False)
    describe_plan(plan, grid, messages)
    threads = sized(grid.executor, plan, grid.device).threads
    context = JobContext(
        pipeline.inputs(grid.request.track), grid.results, grid.device, threads=threads
    )
    return grid, plan, Forecast(plan.todo, context, Costs(grid.kind, grid.results))


def _require_results(grid: Grid) -> None:
    """Refuse before training what would fail after it: a folder that cannot hold results."""
    results = grid.results
    try:
        results.mkdir(parents=True, exist_ok=True)
        keep_manifest(grid.protocol, grid.options.leaderboards)
        with TemporaryFile(dir=results) as probe:
            probe.write(bytes(1 << 16))  # about a record
    except OSError as cause:
        raise SettingsError(
            f"{results} cannot hold results ({cause}).", "Name another folder: --leaderboards."
        ) from cause


def _able_to_reach(
    executor: Executor, plan: Plan, options: RunOptions, messages: Messages
) -> Executor:
    """Return an executor that every class of the plan can be sent to: this process, if need be.

    Raises:
        MethodError: a class that is not packaged cannot be pickled, and other processes are
            asked for.
    """
    for kind in {type(run.method) for run in plan.todo}:
        try:
            carried(kind)
        except MethodError as error:
            if not isinstance(executor, Local) or options.isolate or options.timeout:
                raise
            messages(f"{error.problem} Its runs are computed in this process.")
            return Local(jobs=1)
    return executor
