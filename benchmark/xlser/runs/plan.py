"""A plan: the runs asked for, less the records that exist."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlser.backbones import PretrainedBackbone
from xlser.errors import MethodError, ProtocolError, WeightsError
from xlser.methods import Method, MethodLike, Precision, Track, resolve_method
from xlser.methods.origin import code_of, package_of
from xlser.methods.transport import arrived, carried
from xlser.methods.vocabulary import TWIN
from xlser.protocols import Labels, Protocol, Scenario
from xlser.records.identity import identify, place
from xlser.runs.inputs import Catalogue
from xlser.runs.plan_notes import PLANNED, plan_notes
from xlser.system.files import digest_json

# Each worker imports this module for `Run`: pandas comes where a plan is made.
if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Request:
    """Options of the runs that a user asks for.

    Attributes:
        methods: by name, as classes, or as instances with settings of their own.
        settings: of the methods, by name; each method takes those it has and came without.
        targets: languages.
        labels: budgets; empty means all that a method can use.
        seeds: empty means all of the protocol.
        folds: of each seed; empty means all of the protocol.
        track: fine-tune or frozen.
        precision: of training.
        repeats: runs a seed; those after the first differ in their random draws alone.
        redraw_labels: whether repeats label other utterances, too.
        twins: whether each method that has one is followed by its twin.
    """

    methods: Sequence[MethodLike]
    settings: Mapping[str, object]
    targets: Sequence[str]
    labels: Sequence[int]
    seeds: Sequence[int]
    track: Track
    precision: Precision
    repeats: int = 1
    folds: Sequence[int] = ()
    twins: bool = False
    redraw_labels: bool = False


@dataclass(frozen=True)
class Run:
    """One run: a method in a scenario.

    Attributes:
        method: ready to fit; a fresh one is made for the run itself.
        scenario: utterances that train, are labelled and are tested.
        track: fine-tune or frozen.
        precision: of training.
        repeat: 0 for the run that leaderboards show.
        identity: all that defines the run, digested into `key`.
        fold: of the seed; None where the protocol has one per seed.
        backbone: value of `--backbone`, if it is not the backbone's name.
    """

    method: Method
    scenario: Scenario
    track: Track
    precision: Precision
    repeat: int
    identity: Mapping[str, Any]
    fold: int | None = None
    backbone: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process with the method's name; a class without package, by value."""
        kind = carried(type(self.method))
        how = self.scenario, self.track, self.precision, self.repeat, self.identity
        return _arrived, (kind, *how, self.fold, self.backbone)

    @cached_property
    def key(self) -> str:
        """SHA-256 of the identity, in hex."""
        return digest_json(self.identity)

    @property
    def label(self) -> str:
        """A short name for messages."""
        scenario = self.scenario
        draw = f"s={scenario.seed}" + ("" if self.fold is None else f" f={self.fold}")
        draw += f" r={self.repeat}" if self.repeat else ""
        return f"{scenario.target} {self.method.name} k={scenario.labels} {draw}"

    def path(self, results: Path) -> Path:
        """Return the file of the run's record under `results`."""
        return results / place(
            target=self.scenario.target,
            track=self.track,
            backbone=self.identity["backbone"][0],
            method=self.method.name,
            labels=self.scenario.labels,
            seed=self.scenario.seed,
            fold=self.fold,
            repeat=self.repeat,
            key=self.key,
        )


def _arrived(
    kind: str | bytes,
    scenario: Scenario,
    track: Track,
    precision: Precision,
    repeat: int,
    identity: Mapping[str, Any],
    fold: int | None,
    backbone: str,
) -> Run:
    method = arrived(kind)(**identity["settings"])
    return Run(method, scenario, track, precision, repeat, identity, fold, backbone)


@dataclass(frozen=True)
class Plan:
    """Runs to do, and runs that are recorded.

    Attributes:
        todo: runs without a record.
        done: runs whose record exists.
        skipped: methods that cannot run as asked, with the reason.
        notes: what will stand apart among the records that are there, or is recorded by another
            version of its package.
    """

    todo: Sequence[Run]
    done: Sequence[Run]
    skipped: Sequence[str]
    notes: Sequence[str] = ()


def make_plan(
    request: Request, catalogue: Catalogue, backbone: PretrainedBackbone, results: Path
) -> Plan:
    """Expand a request into runs and leave out those that are recorded.

    Args:
        request: methods, targets, budgets and seeds.
        catalogue: corpora of the protocol.
        backbone: of the runs.
        results: folder of records.

    Raises:
        UnknownNameError: no such method or target.
        ProtocolError: a budget, seed or fold that the protocol does not have.
        MethodError: a setting that no method asked for has, or one that is not valid.
        WeightsError: fine-tuning of a backbone that has nothing to learn.
        RecordError: all records under `results` are of another protocol.
    """
    from xlser.results.results import runs_of

    protocol = catalogue.protocol
    if request.track == "finetune" and backbone.kind.weights is None:
        raise WeightsError(
            f"{backbone.kind.name} has nothing to fine-tune.",
            "Use --track frozen, or a backbone with weights such as audiontt-512.",
        )
    given = [resolve_method(method) for method in request.methods]
    kinds = _settings(given, request.settings)
    methods = [method for of in kinds for method in _made(*of, request.twins)]
    _admit_budgets(request, catalogue)
    skipped: list[str] = []
    budgets = [(m, _budgets(m, request, protocol, skipped)) for m in methods]
    seeds = request.seeds or protocol.seeds
    runs_there, left_out = runs_of(protocol, results)
    recorded = runs_there.frame
    done = set(recorded["key"])
    scenario = cache(catalogue.scenario)  # methods share it, and a digest of its utterances
    runs: dict[str, Run] = {}
    folds = request.folds or range(protocol.folds)
    for target, seed, fold, (method, usable) in product(request.targets, seeds, folds, budgets):
        for labels, repeat in product(usable, range(request.repeats)):
            draw = repeat if request.redraw_labels and labels not in (0, "all") else 0
            chosen = scenario(target, labels, seed, fold, draw)
            run = _run(method, chosen, repeat, request, catalogue, backbone)
            runs.setdefault(run.key, run)
    todo = [run for key, run in runs.items() if key not in done]
    there = [run for key, run in runs.items() if key in done]
    notes = plan_notes(_stated(todo, catalogue), _stated(there, catalogue), recorded)
    notes = [*notes, *(f"left out: {path}: {what}" for path, what in left_out)]
    return Plan(todo, there, skipped, notes)


def _stated(runs: Sequence[Run], catalogue: Catalogue) -> "pd.DataFrame":
    """Return what the records of runs state, in columns like those of recorded ones."""
    import pandas as pd

    from xlser.records.runs_table import canonical

    return pd.DataFrame(
        [
            (
                run.key,
                run.method.name,
                package_of(type(run.method)),
                canonical(run.identity["settings"]),
                run.scenario.target,
                run.scenario.labels,
                run.track,
                *run.identity["backbone"],
                run.precision,
                run.scenario.source_corpora,
                canonical(catalogue.excluded([*run.identity["content"]])),
                canonical(run.identity["content"]),
            )
            for run in runs
        ],
        columns=PLANNED,
    )


def _settings(
    methods: Sequence[tuple[type[Method], Mapping[str, object]]], given: Mapping[str, object]
) -> Iterator[tuple[type[Method], dict[str, object]]]:
    """Yield each method with those of the given settings that it has; its own come first."""
    kinds = [kind for kind, _ in methods]
    known = {name for kind in kinds for name in kind.default_settings()}
    stray = sorted(set(given) - known)
    if stray:
        raise MethodError(
            f"None of {', '.join(k.name for k in kinds)} has a setting {stray[0]!r}.",
            f"Their settings: {', '.join(sorted(known)) or 'none'}.",
        )
    for kind, own in methods:
        defaults = kind.default_settings()
        yield kind, {**{name: v for name, v in given.items() if name in defaults}, **own}


def _made(kind: type[Method], settings: Mapping[str, object], twins: bool) -> Iterator[Method]:
    """Yield a method and, if asked for, its twin, which does without unlabelled speech."""
    yield kind(**settings)
    if twins and TWIN in kind.default_settings() and not settings.get(TWIN):
        yield kind(**{**settings, TWIN: True})


def _admit_budgets(request: Request, catalogue: Catalogue) -> None:
    for labels in request.labels:
        if labels not in catalogue.protocol.budgets:
            raise ProtocolError(
                f"{catalogue.protocol.name} has no label budget of {labels}.",
                f"Choose from {', '.join(map(str, catalogue.protocol.budgets))}.",
            )


def _budgets(
    method: Method, request: Request, protocol: Protocol, skipped: list[str]
) -> Sequence[Labels]:
    """Return the budgets at which a method runs; without any, add the reason to `skipped`."""
    if request.track not in method.tracks:
        skipped.append(f"{method.name}: does not run on the {request.track} track")
        return ()
    if request.track == "finetune" and "standardisation" in method.settings():
        skipped.append(
            f"{method.name}: standardisation={method.standardisation} is of embeddings, which the "
            "frozen track alone has"
        )
        return ()
    if not protocol.source_languages and (reason := _need_of_source(method)):
        skipped.append(f"{method.name}: {reason}, and {protocol.name} has no source")
        return ()
    if method.target_labels == "all":
        return ("all",)
    if method.target_labels == "none":
        return (0,)
    asked = request.labels or protocol.budgets
    usable = [labels for labels in asked if labels >= method.least_labels]
    if not usable:
        wanted = ", ".join(map(str, asked)) or "none"
        skipped.append(f"{method.name}: needs {method.least_labels} labels or more, not {wanted}")
    return usable


def _need_of_source(method: Method) -> str | None:
    """Return what a method needs a source for; None where it runs without one."""
    if method.uses_source:
        return "learns from a source"
    by_source = method.standardisation == "source"
    return "standardises by the source" if by_source else None


def _run(
    method: Method,
    scenario: Scenario,
    repeat: int,
    request: Request,
    catalogue: Catalogue,
    backbone: PretrainedBackbone,
) -> Run:
    target_corpora = catalogue.protocol.languages[scenario.target]
    tuning = backbone.kind.tuning
    identity = identify(
        protocol=catalogue.protocol.digest,
        scenario=scenario.digest,
        content={c: catalogue.content[c] for c in (*scenario.source_corpora, *target_corpora)},
        method=method.name,
        settings=method.settings(),
        track=request.track,
        backbone=(backbone.kind.name, backbone.digest),
        precision=request.precision,
        repeat=repeat,
        code=code_of(type(method)),
        recipe=backbone.kind.recipe(),
        tuning=tuning.stated() if tuning and request.track == "finetune" else None,
    )
    fold = scenario.fold if catalogue.protocol.folds > 1 else None
    how = request.track, request.precision, repeat, identity, fold
    return Run(method, scenario, *how, backbone=backbone.kind.asked)
