"""`xlser run`: methods through a protocol, to a leaderboard."""

import json
import time
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xlser.cli.app import (
    AsJson,
    Data,
    Exclude,
    Watcher,
    Weights,
    console,
    print_json,
    progress,
)
from xlser.errors import SettingsError

if TYPE_CHECKING:
    from xlser.protocols import Protocol
    from xlser.runs import Executor, Failure, Job, Outcome, Plan, Record, Run
    from xlser.settings import Settings


class TrackChoice(StrEnum):
    """Tracks."""

    finetune = "finetune"
    frozen = "frozen"


class ExecutorChoice(StrEnum):
    """Where runs are computed."""

    local = "local"
    ray = "ray"
    slurm = "slurm"


class PrecisionChoice(StrEnum):
    """Arithmetic of training."""

    auto = "auto"
    fp32 = "fp32"
    bf16 = "bf16"


def run(
    methods: Annotated[
        list[str] | None, typer.Argument(help="Methods, see `xlser methods`; default: all.")
    ] = None,
    protocol: Annotated[str, typer.Option(help="v1, agarla2022, agarla2022-4, demo.")] = "demo",
    target: Annotated[
        list[str] | None, typer.Option(help="Target languages; default: all that are found.")
    ] = None,
    labels: Annotated[
        list[int] | None, typer.Option(help="Label budgets; default: all a method can use.")
    ] = None,
    seeds: Annotated[
        list[int] | None, typer.Option(help="Seeds; default: all of the protocol.")
    ] = None,
    track: Annotated[
        TrackChoice, typer.Option(help="Train the backbone, or embed once and train on that.")
    ] = TrackChoice.frozen,
    backbone: Annotated[
        str | None,
        typer.Option(help="Default: audiontt-512; logmel-functionals for the demo."),
    ] = None,
    settings_: Annotated[
        list[str] | None, typer.Option("--set", help="A method's setting, name=value.")
    ] = None,
    precision: Annotated[
        PrecisionChoice, typer.Option(help="auto: bfloat16 where the hardware has it.")
    ] = PrecisionChoice.auto,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; default: a GPU if any.")] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Most runs side by side; default: here, one a core on the frozen track on a CPU, "
            "else 1; elsewhere, as many as there is room for.",
        ),
    ] = None,
    executor: Annotated[
        ExecutorChoice, typer.Option(help="Where runs are computed: docs/clusters.md.")
    ] = ExecutorChoice.local,
    with_: Annotated[
        list[str] | None, typer.Option("--with", help="An executor's option, name=value.")
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=1, help="Runs a seed that differ in random draws (`xlser check`).")
    ] = 1,
    isolate: Annotated[
        bool,
        typer.Option("--isolate", help="Each method in a process that holds its task alone."),
    ] = False,
    timeout: Annotated[
        float | None, typer.Option(min=1, help="Seconds a run may take; it fails after that.")
    ] = None,
    data: Data = None,
    weights: Weights = None,
    exclude: Exclude = None,
    leaderboards: Annotated[Path, typer.Option(help="Folder of leaderboards.")] = Path(
        "leaderboards"
    ),
    as_json: AsJson = False,
) -> None:
    """Run methods through a protocol and write its leaderboard.

    Without arguments: the demo. One record a run; runs whose record exists are not repeated, so
    the same command goes on after an interruption. Exit code 1 if a run failed.
    """
    from xlser import runs
    from xlser.methods import method_names
    from xlser.protocols import get_protocol
    from xlser.settings import Settings
    from xlser.training import pretrained

    chosen = get_protocol(protocol)
    settings = Settings.gather(data=data, weights=weights, exclude=exclude or ())
    targets = _targets(chosen, target, settings)
    where = _executor(executor.value, with_ or [], jobs)
    place = where.device(device)
    request = runs.Request(
        methods=list(dict.fromkeys(methods or method_names())),
        settings=_assignments("--set", settings_ or []),
        targets=targets,
        labels=list(dict.fromkeys(labels or ())),
        seeds=list(dict.fromkeys(seeds or ())),
        track=track.value,
        precision=runs.choose_precision(precision.value, track.value, place),
        repeats=repeats,
    )
    results = leaderboards / protocol / "results"
    with progress() as bars:
        speech = runs.gather(chosen, targets, settings, Watcher(bars))
        network = pretrained(backbone or _default_backbone(protocol), settings)
        speech.prepare(request.track, network)
        plan = runs.make_plan(request, speech, network, results)
        _show_plan(plan, chosen, request)
        _require_results(plan, chosen, results)
        report = Report(len(plan.todo), bars)
        where = where.sized(request.track, place, len(plan.todo))
        shared = runs.Shared(speech, network, results, place, isolate, timeout, where.threads)
        outcome = runs.execute(plan, shared, report.events(), where)
    _finish(chosen, leaderboards, targets, plan, outcome, as_json)


def _default_backbone(protocol: str) -> str:
    return "logmel-functionals" if protocol == "demo" else "audiontt-512"


def _targets(protocol: "Protocol", asked: list[str] | None, settings: "Settings") -> list[str]:
    """Return the targets asked for, or all whose corpora are found; say which are not."""
    from xlser.corpora import find_root, get_corpus

    if asked:
        return list(dict.fromkeys(asked))
    found: list[str] = []
    lacking: list[str] = []
    for target in protocol.targets:
        at_hand = all(find_root(get_corpus(n), settings) for n in protocol.languages[target])
        (found if at_hand else lacking).append(target)
    if lacking and found:
        console().print(f"no corpus found for {', '.join(lacking)}: left out (`xlser corpora`)")
    return found or list(protocol.targets)


def _executor(name: str, options: list[str], jobs: int | None) -> "Executor":
    from xlser.runs import get_executor

    chosen = _assignments("--with", options)
    return get_executor(name, chosen if jobs is None else {**chosen, "jobs": jobs})


def _assignments(option: str, given: list[str]) -> dict[str, object]:
    """Read name=value; a value is JSON if it can be (0.3, true, [1, 2]), else a word."""
    settings: dict[str, object] = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not (name and equals):
            raise SettingsError(f"{option} {item!r} sets nothing.", f"Write {option} name=value.")
        try:
            settings[name] = json.loads(value)
        except ValueError:
            settings[name] = value
    return settings


def _show_plan(plan: "Plan", protocol: "Protocol", request: Any) -> None:
    console().print(
        f"{protocol.name}: {len(plan.todo)} runs to do, {len(plan.done)} recorded already; "
        f"{request.track} track, {request.precision}; targets {', '.join(request.targets)}"
    )
    some = next(iter([*plan.todo, *plan.done]), None)
    if some and some.scenario.absent_corpora:
        console().print(
            f"partial source: {', '.join(some.scenario.source_corpora)} (without "
            f"{', '.join(some.scenario.absent_corpora)}); ranked among themselves alone"
        )
    for reason in plan.skipped:
        console().print(f"skipped: {reason}")


def _require_results(plan: "Plan", protocol: "Protocol", results: Path) -> None:
    """Refuse before training what would fail after it: nothing to do, or no place for results."""
    from xlser.leaderboards import read_records, require_tables
    from xlser.runs import Record

    if not plan.todo and not plan.done:
        raise SettingsError("There is nothing to run.", "Skipped: " + "; ".join(plan.skipped) + ".")
    try:
        results.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=results) as probe:
            probe.write(bytes(1 << 16))  # about a record
    except OSError as cause:
        raise SettingsError(
            f"{results} cannot hold results ({cause}).", "Name another folder: --leaderboards."
        ) from cause
    if plan.todo:  # else the leaderboard is written at once, which looks at more than this
        require_tables(protocol, read_records(results, Record.parse))


_EVERY = 60.0  # seconds between lines on a run in progress, where no bars can be shown


class Report:
    """Tells how a plan goes: a line a run that ends; in between, bars on a terminal or a line."""

    def __init__(self, total: int, bars: Any) -> None:
        self._total = total
        self._done = 0
        self._began = self._spoke = time.monotonic()
        self._bars = bars
        self._all = bars.add_task("runs", total=total)
        self._in_progress: dict[str, tuple[str, Any]] = {}  # label and bar of a run, by its key

    def events(self) -> Any:
        """Return what takes what happens, `xlser.runs.Events`."""
        from xlser.runs import Events

        return Events(
            started=self._started,
            epoch=self._epoch,
            trained=self._trained,
            finished=self._finished,
            failed=self._failed,
            repeated=self._repeated,
        )

    def _started(self, job: "Job") -> None:
        self._in_progress[job.key] = job.label, self._bars.add_task(job.label, total=None)

    def _epoch(self, key: str, done: int, total: int) -> None:
        label, bar = self._in_progress[key]
        self._bars.update(bar, completed=done, total=total)
        if not console().is_terminal and time.monotonic() - self._spoke > _EVERY:
            self._say(f"{label}: {done} of {total} epochs of this stage")

    def _trained(self, job: "Job", seconds: float) -> None:
        self._put_away(job.key)
        self._say(f"{job.label}: trained ({seconds:.1f} s)")

    def _repeated(self, job: "Job", how: str) -> None:
        self._put_away(job.key)
        self._say(f"{job.label}: {how}; it is begun again")

    def _finished(self, run: "Run", record: "Record") -> None:
        score, seconds = record.scores["target"], sum(record.seconds.values())
        self._ended(
            run,
            f"ua {100 * score.ua:.1f}, accuracy {100 * score.accuracy:.1f} ({seconds:.1f} s)",
        )

    def _failed(self, run: "Run", failure: "Failure") -> None:
        self._ended(run, f"FAILED, {failure.said}")

    def _ended(self, run: "Run", how: str) -> None:
        self._put_away(run.key)
        self._done += 1
        self._bars.update(self._all, completed=self._done)
        elapsed = time.monotonic() - self._began
        left = elapsed / self._done * (self._total - self._done)
        self._say(f"[{self._done}/{self._total}] {run.label}: {how}; {_duration(left)} left")

    def _put_away(self, key: str) -> None:
        if key in self._in_progress:  # else it failed with its source model, before it began
            _, bar = self._in_progress.pop(key)
            self._bars.remove_task(bar)

    def _say(self, text: str) -> None:
        self._spoke = time.monotonic()
        console().print(text, markup=False)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _finish(
    protocol: "Protocol",
    leaderboards: Path,
    targets: list[str],
    plan: "Plan",
    outcome: "Outcome",
    as_json: bool,
) -> None:
    from xlser.leaderboards import render, write_leaderboard

    written = write_leaderboard(protocol, leaderboards)
    results = leaderboards / protocol.name / "results"
    if as_json:
        print_json(
            {
                "records": [str(run.path(results)) for run in (*plan.done, *plan.todo)],
                "failed": [run.label for run, _ in outcome.failures],
                "skipped": plan.skipped,
                "leaderboard": str(written.page),
            }
        )
    else:
        typer.echo(render(protocol, written.tables, targets), nl=False)
        console().print(f"wrote {written.page}")
    for run, trace in outcome.failures:
        console().print(f"\n{run.label} failed:\n{trace}", markup=False)
    if outcome.failures:
        console().print(f"{len(outcome.failures)} of {len(plan.todo)} runs failed.", style="red")
        raise typer.Exit(1)
