"""The one pipeline behind `import xlser` and behind every command that runs methods.

Options become a grid (`resolve`); speech and backbone are made ready (`Pipeline.gather`); the grid
becomes a plan of runs (`Pipeline.plan`), which is carried out (`Pipeline.execute`).
"""

import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar

import torch

from xlser.backbones import PretrainedBackbone, pretrained
from xlser.conformance import Report as Conformance
from xlser.conformance import check_method as check_class
from xlser.corpora import find_root, get_corpus
from xlser.errors import MethodError, SettingsError
from xlser.executors import Events, Executor, Local, Outcome, execute, get_executor
from xlser.methods import MethodLike, Track, method_names, resolve_method
from xlser.methods.origin import carried
from xlser.monitoring.bars import Bars, Steps
from xlser.monitoring.console import Messages
from xlser.monitoring.costs import Costs, Kind
from xlser.monitoring.forecast import Forecast
from xlser.monitoring.progress import Progress
from xlser.monitoring.report import Report
from xlser.monitoring.status import StatusFile
from xlser.options import RunOptions
from xlser.protocols import (
    Labels,
    Protocol,
    find_protocol,
    keep_manifest,
    names_with_results,
)
from xlser.records.store import read_records
from xlser.results import Comparison, Results, load
from xlser.runs import (
    Job,
    Plan,
    Request,
    Shared,
    SpeechData,
    Watch,
    choose_precision,
    gather,
    make_plan,
)
from xlser.runs.failures import about
from xlser.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Grid:
    """Options, resolved on this machine.

    Attributes:
        options: as they were given.
        protocol: that runs follow.
        settings: where corpora, cache and weights are.
        request: which runs.
        backbone: name.
        executor: where they are computed.
        device: that they train on.
        results: folder of records.
    """

    options: RunOptions
    protocol: Protocol
    settings: Settings
    request: Request
    backbone: str
    executor: Executor
    device: torch.device
    results: Path

    @property
    def kind(self) -> Kind:
        """Kind of the device."""
        return "cpu" if self.device.type == "cpu" else "gpu"


def resolve(options: RunOptions, messages: Messages) -> Grid:
    """Look up what options name.

    Args:
        options: of a run.
        messages: told which targets are left out.

    Raises:
        UnknownNameError: no such protocol, executor or corpus.
        SettingsError: an option cannot be used here.
    """
    settings = Settings.gather(options.data, options.weights, options.exclude)
    chosen = find_protocol(options.protocol, options.leaderboards, settings)
    targets = options.target or _targets_at_hand(chosen, settings, messages)
    with_jobs = {} if options.jobs is None else {"jobs": options.jobs}
    executor = get_executor(options.executor, {**options.executor_options, **with_jobs})
    device = executor.device(options.device)
    backbone = options.backbone or chosen.presentation.backbone
    if backbone is None:
        raise SettingsError(
            f"{chosen.name} states no default backbone.", "Name one: --backbone NAME."
        )
    request = Request(
        methods=options.methods or method_names(),
        settings=options.settings,
        targets=targets,
        labels=options.labels,
        seeds=options.seeds,
        folds=options.folds,
        track=options.track,
        precision=choose_precision(options.precision, options.track, device),
        repeats=options.repeats,
    )
    results = options.leaderboards / chosen.name / "results"
    return Grid(options, chosen, settings, request, backbone, executor, device, results)


def _targets_at_hand(protocol: Protocol, settings: Settings, messages: Messages) -> tuple[str, ...]:
    """Return the targets whose corpora are found; all of them where none are, for the error."""
    lacking = [
        target
        for target in protocol.targets
        if not all(find_root(get_corpus(n), settings) for n in protocol.languages[target])
    ]
    found = tuple(target for target in protocol.targets if target not in lacking)
    if lacking and found:
        messages(f"no corpus found for {', '.join(lacking)}: left out (`xlser corpora`)")
    return found or protocol.targets


@dataclass(frozen=True)
class Pipeline:
    """Speech and a backbone, ready for runs.

    Attributes:
        speech: corpora of a protocol.
        backbone: and its weights.
    """

    speech: SpeechData
    backbone: PretrainedBackbone

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
        return cls(gather(protocol, targets, settings, watch), pretrained(backbone, settings))

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
            self.speech.prepare(request.track, self.backbone)
        return make_plan(request, self.speech, self.backbone, results)

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
            plan: what to do.
            results: folder of records.
            device: that runs train on.
            executor: where they are computed; None for this process.
            events: callbacks.
            seconds: that a job is expected to take; the longest begin first.
            how: other fields of `xlser.runs.Shared`: isolate, timeout, threads.

        Raises:
            ResultsError: a record cannot be written.
            WorkerError: the executor computes nothing here.
        """
        shared = Shared(self.speech, self.backbone, results, device, **how)
        return execute(plan, shared, events or Events(), executor, seconds)


def sized(executor: Executor, plan: Plan, device: torch.device) -> Executor:
    """Return an executor made fit for the runs of a plan."""
    tracks = {run.track for run in plan.todo}
    track: Track = "finetune" if "finetune" in tracks else "frozen"
    return executor.sized(track, device, len(plan.todo))


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
        messages: told how it goes.
        bars: of the terminal.
        command: as `xlser status` shows it.

    Raises:
        XlserError: it cannot begin, or records cannot be written.
    """
    grid = resolve(options, messages)
    pipeline = Pipeline.gather(
        grid.protocol, grid.request.targets, grid.backbone, grid.settings, Steps(bars, messages)
    )
    plan = pipeline.plan(grid.request, grid.results)
    describe_plan(plan, grid, messages)
    costs = Costs(grid.kind)
    _require_results(plan, grid, costs)
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
        )
    failures = [about(run, failure, grid.results) for run, failure in report.failures]
    return Finished(grid, plan, failures)


def forecast(options: RunOptions, messages: Messages, bars: Bars) -> tuple[Grid, Plan, Forecast]:
    """Return the grid that options ask for, its plan, and what it will take; compute nothing.

    Args:
        options: of the runs.
        messages: told what is left out.
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
    shared = Shared(pipeline.speech, pipeline.backbone, grid.results, grid.device)
    return grid, plan, Forecast(plan.todo, shared, Costs.of(grid.results, grid.kind))


def describe_plan(plan: Plan, grid: Grid, messages: Messages) -> None:
    """Report what is to do and what is left out.

    Raises:
        SettingsError: nothing is to do and nothing is recorded.
    """
    protocol, request = grid.protocol, grid.request
    messages(
        f"{protocol.name}: {len(plan.todo)} runs to do, {len(plan.done)} recorded already; "
        f"{request.track} track, {request.precision}; targets {', '.join(request.targets)}",
        "plan",
        protocol=protocol.name,
        to_do=len(plan.todo),
        recorded=len(plan.done),
        track=request.track,
        precision=request.precision,
        targets=request.targets,
    )
    some = next(iter([*plan.todo, *plan.done]), None)
    if some and some.scenario.absent_corpora:
        messages(
            f"partial source: {', '.join(some.scenario.source_corpora)} (without "
            f"{', '.join(some.scenario.absent_corpora)}); ranked among themselves alone"
        )
    for reason in plan.skipped:
        messages(f"skipped: {reason}")
    for note in plan.notes:
        messages(f"note: {note}", "note", note=note)
    if not some:
        raise SettingsError("There is nothing to run.", "Skipped: " + "; ".join(plan.skipped) + ".")


def _require_results(plan: Plan, grid: Grid, costs: Costs) -> None:
    """Refuse before training what would fail after it: a folder that cannot hold results.

    Args:
        plan: of the runs.
        grid: that was asked for.
        costs: learn from the records in the folder how long runs take.
    """
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
    if plan.todo:
        for _ in costs.learning(read_records(results)):
            pass


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


def _with_options(function: F) -> F:
    """Give a function that takes `**options` the fields of `RunOptions` as its parameters."""
    own = list(Signature.from_callable(function).parameters.values())
    named = {parameter.name for parameter in own}
    fields = {name: of for name, of in RunOptions.model_fields.items() if name not in named}
    options = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=of.default, annotation=of.annotation)
        for name, of in fields.items()
    ]
    fixed = [parameter for parameter in own if parameter.kind is not Parameter.VAR_KEYWORD]
    function.__signature__ = Signature([*fixed, *options])  # type: ignore[attr-defined]
    lines = "\n".join(f"        {name}: {of.description}" for name, of in fields.items())
    function.__doc__ = (function.__doc__ or "").replace(
        "        **options: those of the runs.", lines
    )
    return function


@_with_options
def run(
    methods: MethodLike | Sequence[MethodLike] = (),
    *,
    progress: bool | None = None,
    **options: Any,
) -> Results:
    """Run methods through a protocol and return all results of it that are recorded.

    Each run leaves a record below `<leaderboards>/<protocol>/results`. Runs that are recorded
    already are not repeated. Nothing else is written but the cache (XLSER_CACHE).

    Args:
        methods: one method or several: names, classes, instances with their hyper-parameters, or
            `module:Class`; default: all that are installed. A class needs no package.
        progress: whether to show messages, and bars at a terminal; default: at a terminal alone.
        **options: those of the runs.

    Returns:
        The results of the protocol in that folder, earlier runs included. `failures` of them
        lists the runs that failed just now; a warning names them.

    Raises:
        SettingsError: an option is unknown or cannot be used.
        XlserError: a method, corpus or weights cannot be found or used.

    Example:
        >>> import xlser
        >>> results = xlser.run("svm", target="german", seeds=0, labels=20)  # doctest: +SKIP
        >>> results.frame[["row", "metric", "value"]]  # doctest: +SKIP
    """
    asked = RunOptions(methods=methods, **options)
    shown = sys.stderr.isatty() if progress is None else progress
    messages = Messages("text" if shown else "none")
    with Bars(messages) as bars:
        finished = carry_out(asked, messages, bars, "xlser.run")
    if finished.failures:
        said = "; ".join(f"{failure['run']}: {failure['said']}" for failure in finished.failures)
        warnings.warn(
            f"{len(finished.failures)} of {len(finished.plan.todo)} runs failed: {said}",
            stacklevel=2,
        )
    return load(finished.grid.protocol, asked.leaderboards, finished.failures)


def load_results(
    leaderboards: str | Path = "leaderboards", protocol: str | Protocol | None = None
) -> Results:
    """Read the results of a protocol.

    Args:
        leaderboards: folder of leaderboards, with a folder for each protocol.
        protocol: by name or as an object; default: the only one that has results there.

    Raises:
        SettingsError: the folder has results of no protocol, or of several and none is named.
        UnknownNameError: no such protocol.
        RecordError: a file is not a record.

    Example:
        >>> import xlser
        >>> xlser.load_results("leaderboards", "v1").frame  # doctest: +SKIP
    """
    folder = Path(leaderboards)
    if protocol is None:
        found = names_with_results(folder)
        if len(found) != 1:
            raise SettingsError(
                f"{folder} holds results of {', '.join(found) or 'no protocol'}.",
                "Name one: protocol=...."
                if found
                else "Make some with xlser.run, or name another folder.",
            )
        (protocol,) = found
    return load(find_protocol(protocol, folder), folder)


def compare(
    a: str,
    b: str,
    *,
    protocol: str | Protocol | None = None,
    target: str | Sequence[str] = (),
    labels: Labels | Sequence[Labels] = (),
    metric: str | None = None,
    leaderboards: str | Path = "leaderboards",
) -> Comparison:
    """Compare two methods wherever both have records of the same target, budget and seeds.

    Args:
        a: one method, as the rows of tables name it.
        b: the other.
        protocol: by name or as an object; default: the only one that has results.
        target: languages to look at; default: all that both have.
        labels: label budgets to look at; default: all that both have.
        metric: to compare; default: the protocol's headline.
        leaderboards: folder of leaderboards.

    Raises:
        UnknownNameError: no such protocol, row, target or metric.
        RecordError: the methods share no cell.

    Example:
        >>> import xlser
        >>> xlser.compare("svm", "sft", protocol="demo", labels=20)  # doctest: +SKIP
    """
    return load_results(leaderboards, protocol).compare(
        a,
        b,
        targets=[target] if isinstance(target, str) else target,
        labels=[labels] if isinstance(labels, str | int) else labels,
        metric=metric,
    )


def check_method(method: MethodLike) -> Conformance:
    """Check a method against the contract, on small synthetic tasks; some seconds.

    Args:
        method: a name, a class, an instance, or `module:Class`.

    Returns:
        The checks; `passed` states whether all passed, `faults` lists those that failed.

    Raises:
        UnknownNameError: no package registers the name.
        PluginError: the class cannot be imported.
        MethodError: what the class declares is not sound.

    Example:
        >>> import xlser
        >>> xlser.check_method("lower-bound").passed  # doctest: +SKIP
        True
    """
    kind, _ = resolve_method(method)
    return check_class(kind)
