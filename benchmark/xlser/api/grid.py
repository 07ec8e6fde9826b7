"""Options, looked up on this machine: a grid of runs, and the report on its plan."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from xlser.api.options import RunOptions
from xlser.corpora import find_root, get_corpus, other_roots
from xlser.errors import SettingsError
from xlser.executors import Executor, get_executor
from xlser.methods import method_names
from xlser.monitoring.console import Messages
from xlser.monitoring.costs import Kind
from xlser.protocols import Protocol, find_protocol
from xlser.runs import (
    Plan,
    Request,
    choose_precision,
)
from xlser.settings import Settings


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

    @property
    def given(self) -> dict[str, Any]:
        """Options, of the environment too, that shaped the runs beside what defines them.

        The command that repeats one of them states these as well.
        """
        options, folders = self.options, self.settings.data
        stated = {
            "data": os.pathsep.join(map(str, folders)) or None,
            "weights": self.settings.weights,
            "exclude": options.exclude,
            "device": options.device,
            "isolate": options.isolate,
            "timeout": options.timeout,
            "executor": options.executor if options.executor != "local" else None,
            "executor_options": dict(options.executor_options),
        }
        return {name: value for name, value in stated.items() if value or value is False}


def resolve(options: RunOptions, messages: Messages) -> Grid:
    """Look up what options name.

    Args:
        options: of a run.
        messages: receives the targets that are left out.

    Raises:
        UnknownNameError: no such protocol, executor or corpus.
        SettingsError: an option cannot be used here.
    """
    settings = Settings.gather(options.data, options.weights, options.exclude)
    chosen = find_protocol(options.protocol, options.leaderboards, settings)
    targets = options.target or _targets_at_hand(chosen, settings, messages)
    _name_doubles(chosen, targets, settings, messages)
    with_jobs = {} if options.jobs is None else {"jobs": options.jobs}
    executor = get_executor(options.executor, {**options.executor_options, **with_jobs})
    device = executor.device(options.device)
    backbone = _named(options) or chosen.presentation.backbone
    if backbone is None:
        raise SettingsError(
            f"{chosen.name} states no default backbone.",
            "Name one: --backbone NAME (`xlser backbones`).",
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
        twins=options.twins,
        redraw_labels=options.redraw_labels,
    )
    results = options.leaderboards / chosen.name / "results"
    return Grid(options, chosen, settings, request, backbone, executor, device, results)


def _named(options: RunOptions) -> str | None:
    """Return the backbone that options name, if they name one; a table of embeddings is one.

    Raises:
        SettingsError: they name both, or a table for another track than the frozen one.
    """
    if options.features is None:
        return options.backbone
    if options.backbone is not None:
        raise SettingsError(
            "Both --backbone and --features are given.", "Name one source of embeddings."
        )
    if options.track != "frozen":
        raise SettingsError(
            "--features holds embeddings, which are not fine-tuned.", "Use --track frozen."
        )
    return f"features:{options.features}"


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


def _name_doubles(
    protocol: Protocol, targets: Iterable[str], settings: Settings, messages: Messages
) -> None:
    """Report corpora that lie in several folders: the first is used."""
    names = [n for t in targets if t in protocol.languages for n in protocol.languages[t]]
    for name in dict.fromkeys([*protocol.source_corpora, *names]):
        corpus = get_corpus(name)
        if others := other_roots(corpus, settings):
            unused = ", ".join(map(str, others))
            messages(f"note: {name} is read from {find_root(corpus, settings)}, not from {unused}")


def describe_plan(plan: Plan, grid: Grid, messages: Messages) -> None:
    """Report what is to do and what is left out.

    Args:
        plan: runs to do, recorded and skipped.
        grid: options that it follows.
        messages: receives the report.

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
