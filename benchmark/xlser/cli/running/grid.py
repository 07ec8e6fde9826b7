"""What `xlser run` and `xlser plan` are given alike: which runs, and where they are computed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xlser.cli.app import tell
from xlser.errors import SettingsError

if TYPE_CHECKING:
    import torch

    from xlser.executors import Executor
    from xlser.protocols import Protocol
    from xlser.runs import Plan, Request
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


Methods = Annotated[
    list[str] | None, typer.Argument(help="Methods, see `xlser methods`; default: all.")
]
ProtocolName = Annotated[str, typer.Option(help="Name of a protocol; `xlser doctor` lists them.")]
Targets = Annotated[
    list[str] | None, typer.Option(help="Target languages; default: all that are found.")
]
Budgets = Annotated[
    list[int] | None, typer.Option(help="Label budgets; default: all a method can use.")
]
Seeds = Annotated[list[int] | None, typer.Option(help="Seeds; default: all of the protocol.")]
Track = Annotated[
    TrackChoice, typer.Option(help="Train the backbone, or embed once and train on that.")
]
Backbone = Annotated[str | None, typer.Option(help="Name of a backbone; default: the protocol's.")]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", help="A method's setting, name=value.")
]
Precision = Annotated[
    PrecisionChoice, typer.Option(help="auto: bfloat16 where the hardware has it.")
]
Device = Annotated[str | None, typer.Option(help="cpu or cuda; default: a GPU if any.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Most runs side by side; default: here, one a core on the frozen track on a CPU, "
        "else 1; elsewhere, as many as there is room for.",
    ),
]
ExecutorName = Annotated[
    ExecutorChoice, typer.Option(help="Where runs are computed: docs/clusters.md.")
]
With = Annotated[list[str] | None, typer.Option("--with", help="An executor's option, name=value.")]
Repeats = Annotated[
    int, typer.Option(min=1, help="Runs a seed that differ in random draws (`xlser check`).")
]
Isolate = Annotated[
    bool,
    typer.Option("--isolate", help="Each method in a process that holds its task alone."),
]
Timeout = Annotated[
    float | None, typer.Option(min=1, help="Seconds a run may take; it fails after that.")
]
Leaderboards = Annotated[Path, typer.Option(help="Folder of leaderboards.")]


@dataclass(frozen=True)
class Grid:
    """What the user asked for, resolved.

    Attributes:
        protocol: that runs follow.
        settings: where things lie.
        request: which runs.
        backbone: name.
        executor: where they are computed.
        device: that they train on.
        results: folder of records.
    """

    protocol: "Protocol"
    settings: "Settings"
    request: "Request"
    backbone: str
    executor: "Executor"
    device: "torch.device"
    results: Path


def resolve(
    *,
    methods: list[str] | None,
    protocol: str,
    target: list[str] | None,
    labels: list[int] | None,
    seeds: list[int] | None,
    track: TrackChoice,
    backbone: str | None,
    assignments: list[str] | None,
    precision: PrecisionChoice,
    device: str | None,
    jobs: int | None,
    executor: ExecutorChoice,
    with_: list[str] | None,
    repeats: int,
    data: Path | None,
    weights: str | None,
    exclude: list[str] | None,
    leaderboards: Path,
) -> Grid:
    """Return what is meant by options of the command line."""
    from xlser import runs
    from xlser.methods import method_names
    from xlser.protocols import get_protocol
    from xlser.settings import Settings

    chosen = get_protocol(protocol)
    settings = Settings.gather(data=data, weights=weights, exclude=exclude or ())
    targets = _targets(chosen, target, settings)
    where = _executor(executor.value, with_ or (), jobs)
    place = where.device(device)
    request = runs.Request(
        methods=list(dict.fromkeys(methods or method_names())),
        settings=_assignments("--set", assignments or ()),
        targets=targets,
        labels=list(dict.fromkeys(labels or ())),
        seeds=list(dict.fromkeys(seeds or ())),
        track=track.value,
        precision=runs.choose_precision(precision.value, track.value, place),
        repeats=repeats,
    )
    network = backbone or chosen.presentation.backbone
    if network is None:
        raise SettingsError(
            f"{chosen.name} states no default backbone.", "Name one: --backbone NAME."
        )
    results = leaderboards / protocol / "results"
    return Grid(chosen, settings, request, network, where, place, results)


def show_plan(plan: "Plan", protocol: "Protocol", request: "Request") -> None:
    """Tell what is to be done, and what is left out."""
    tell(
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
        tell(
            f"partial source: {', '.join(some.scenario.source_corpora)} (without "
            f"{', '.join(some.scenario.absent_corpora)}); ranked among themselves alone"
        )
    for reason in plan.skipped:
        tell(f"skipped: {reason}")


def require_runs(plan: "Plan") -> None:
    """Refuse a plan of nothing.

    Raises:
        SettingsError: nothing is to do and nothing is done.
    """
    if not plan.todo and not plan.done:
        raise SettingsError("There is nothing to run.", "Skipped: " + "; ".join(plan.skipped) + ".")


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
        tell(f"no corpus found for {', '.join(lacking)}: left out (`xlser corpora`)")
    return found or list(protocol.targets)


def _executor(name: str, options: Sequence[str], jobs: int | None) -> "Executor":
    from xlser.executors import get_executor

    chosen = _assignments("--with", options)
    return get_executor(name, chosen if jobs is None else {**chosen, "jobs": jobs})


def _assignments(option: str, given: Sequence[str]) -> dict[str, object]:
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
