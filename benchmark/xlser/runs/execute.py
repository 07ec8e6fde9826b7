"""Running a plan: each run is a task handed to a method, predictions scored, a record written."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import torch

from xlser import plugins
from xlser.errors import ResultsError
from xlser.files import digest_json, sweep
from xlser.methods import Labelled, Speech, Task
from xlser.runs.calling import Called, Failure, called, threads_for
from xlser.runs.data import SpeechData
from xlser.runs.environment import describe
from xlser.runs.failures import failure_path, write_failure
from xlser.runs.plan import Plan, Run
from xlser.runs.record import (
    BackboneStamp,
    MethodStamp,
    Predictions,
    Record,
    Role,
    score_predictions,
)
from xlser.runs.source_models import source_model
from xlser.runs.workers import side_by_side
from xlser.training import PretrainedBackbone, derive, keep_pages

Ending = Record | Failure
"""How a run ended: a record, which is written, or a failure."""


@dataclass
class Outcome:
    """How a plan ended.

    Attributes:
        records: written, in the order of their ends.
        failures: runs that failed, with their traceback.
    """

    records: list[Record] = field(default_factory=list)
    failures: list[tuple[Run, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Events:
    """What is told while a plan runs.

    Attributes:
        started: a run begins.
        epoch: (key of a run in progress, epochs done, epochs in all) of its stage. The run itself
            is not to be had from what a method calls.
        finished: a run's record is written.
        failed: a run failed.
    """

    started: Callable[[Run], None] = lambda run: None
    epoch: Callable[[str, int, int], None] = lambda key, done, total: None
    finished: Callable[[Run, Record], None] = lambda run, record: None
    failed: Callable[[Run, Failure], None] = lambda run, failure: None


@dataclass(frozen=True)
class Shared:
    """What the runs of a plan have in common.

    Attributes:
        data: speech.
        backbone: and its weights.
        results: folder of records.
        device: of training.
        isolate: whether each method runs in a process that holds nothing but its task.
        timeout: seconds a run may take; None for any.
    """

    data: SpeechData
    backbone: PretrainedBackbone
    results: Path
    device: torch.device
    isolate: bool = False
    timeout: float | None = None

    def attempt(self, run: Run, epoch: Callable[[int, int], None]) -> Ending:
        """Run and write the record, or say what stood in the way.

        A record that lies there meanwhile was written by another command at the same results.

        Raises:
            ResultsError: the record cannot be written; it is kept elsewhere.
        """
        keep_pages()
        path = run.path(self.results)
        try:
            if path.exists():
                return Record.parse(path)
            record = execute_run(run, self.data, self.backbone, self.device, epoch, self.isolate)
        except (Exception, SystemExit) as error:  # a stranger's method may raise anything
            return Failure.of(error)
        try:
            sweep(path.parent)
            record.write(path)
        except OSError as cause:
            raise self._kept_elsewhere(record, path, cause) from cause
        return record

    def _kept_elsewhere(self, record: Record, path: Path, cause: OSError) -> ResultsError:
        """Write a record that cannot be written where it belongs to the cache instead."""
        problem = f"{path} cannot be written ({cause.strerror or cause})."
        aside = unwritten(path, self.data.settings.cache)
        try:
            record.write(aside)
        except OSError as again:
            return ResultsError(
                f"{problem} Nor can {aside} ({again.strerror or again}): the record is lost.",
                "Make room; the same command goes on from what is recorded.",
            )
        return ResultsError(
            f"{problem} The record is kept at {aside}.",
            "Make room or allow writing; the same command takes that record and goes on.",
        )


def unwritten(path: Path, cache: Path) -> Path:
    """Return where a record that cannot be written to `path` is kept."""
    return cache / "unwritten" / digest_json(str(path.absolute()))[:8] / path.name


def take_unwritten(runs: Sequence[Run], results: Path, cache: Path) -> None:
    """Move records of `runs` that could not be written earlier to where they belong.

    Raises:
        ResultsError: they cannot be written now, either.
    """
    for run in runs:
        path = run.path(results)
        aside = unwritten(path, cache)
        if not aside.exists():
            continue
        try:
            Record.read(aside).write(path)
        except OSError as cause:
            raise ResultsError(
                f"{path} still cannot be written ({cause.strerror or cause}).",
                f"Make room or allow writing; its record is kept at {aside}.",
            ) from cause
        aside.unlink()


def execute(
    plan: Plan,
    shared: Shared,
    events: Events,
    jobs: int = 1,
) -> Outcome:
    """Run what is to do; a run that fails does not stop the others.

    A killed process loses at most the runs in progress: every other record is on disk. Records
    are the same for any number of jobs, but for times. A failure is written down beside the
    results until the run succeeds.

    Args:
        plan: what is to do.
        shared: speech, backbone, results, device.
        events: told how it goes.
        jobs: runs side by side, in processes of their own; with 1 and no timeout they run in this
            one.

    Raises:
        ResultsError: a record cannot be written.
    """
    take_unwritten(plan.todo, shared.results, shared.data.settings.cache)
    outcome = Outcome()
    in_workers = jobs > 1 or shared.timeout is not None
    ends = (
        side_by_side(shared, plan.todo, jobs, events)
        if in_workers
        else one_by_one(shared, plan.todo, events)
    )
    with closing(ends):
        for run, ending in ends:
            if isinstance(ending, Failure):
                write_failure(run, ending, shared)
                outcome.failures.append((run, ending.trace))
                events.failed(run, ending)
            else:
                failure_path(run, shared.results).unlink(missing_ok=True)
                outcome.records.append(ending)
                events.finished(run, ending)
    return outcome


def one_by_one(
    shared: Shared, runs: Sequence[Run], events: Events
) -> Generator[tuple[Run, Ending]]:
    """Yield each run with how it ended, all in this process."""
    for run in runs:
        events.started(run)
        yield run, shared.attempt(run, partial(events.epoch, run.key))


def execute_run(
    run: Run,
    data: SpeechData,
    backbone: PretrainedBackbone,
    device: torch.device,
    epoch: Callable[[int, int], None] = lambda done, total: None,
    isolate: bool = False,
) -> Record:
    """Fit and test one method; return its record.

    Raises:
        MethodError: the method broke its contract.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    task = replace(make_task(run, data, backbone, device), progress=epoch)
    seconds: dict[str, float] = {}
    with threads_for(run.track), called(run.method, isolate) as method:
        if run.method.needs_source_model:
            model = source_model(
                task, run.scenario, data.protocol, data.content, backbone, data.settings.cache
            )
            task = replace(task, source_model=model.weights)
            seconds["source model"] = model.seconds

        clock = time.perf_counter()
        method.fit(task)
        seconds["fit"] = time.perf_counter() - clock

        clock = time.perf_counter()
        predictions = _predict(method, run, data, backbone, device)
        seconds["predict"] = time.perf_counter() - clock
        memory = method.peak_memory()
        environment = describe(device, type(run.method).__module__.partition(".")[0])
    scenario, protocol = run.scenario, data.protocol
    corpora = (*scenario.source_corpora, *protocol.languages[scenario.target])
    return Record(
        schema_version=2,
        key=run.key,
        protocol=protocol.name,
        protocol_version=protocol.version,
        protocol_digest=protocol.digest,
        scenario=scenario.digest,
        method=MethodStamp(
            name=run.method.name,
            package=plugins.package_of("xlser.methods", run.method.name),
            target_labels=run.method.target_labels,
            settings=run.method.settings(),
            changed=run.method.changed_settings(),
        ),
        target=scenario.target,
        labels=scenario.labels,
        seed=scenario.seed,
        repeat=run.repeat,
        track=run.track,
        backbone=BackboneStamp(name=backbone.kind.name, weights=backbone.digest),
        precision=run.precision,
        isolated=isolate,
        classes=scenario.classes,
        source_corpora=scenario.source_corpora,
        absent_corpora=scenario.absent_corpora,
        excluded=data.excluded(corpora),
        corpora={name: data.content[name] for name in corpora},
        source_figure=protocol.source_figure,
        scores=score_predictions(predictions, len(scenario.classes), protocol.source_figure),
        predictions=tuple(predictions),
        started=started,
        seconds={stage: round(value, 3) for stage, value in seconds.items()},
        peak_memory=memory,
        environment=environment,
    )


def make_task(
    run: Run, data: SpeechData, backbone: PretrainedBackbone, device: torch.device
) -> Task:
    """Return all that the method of `run` may see, and nothing else."""
    scenario = run.scenario

    def speech(ids: Sequence[str]) -> Speech:
        found = data.speech(ids, run.track, backbone)
        told = {name: data.attribute(ids, name).to(device) for name in run.method.attributes}
        return Speech(found.features.to(device), found.lengths.to(device), told)

    def labelled(ids: Sequence[str]) -> Labelled:
        emotion = torch.tensor([scenario.emotion[i] for i in ids], dtype=torch.long, device=device)
        return Labelled(speech(ids), emotion)

    seed = derive(scenario.seed, f"repeat {run.repeat}") >> 32 if run.repeat else scenario.seed
    return Task(
        source=labelled(scenario.source_train),
        source_validation=labelled(scenario.source_validation),
        target_labelled=labelled(scenario.target_labelled),
        target_unlabelled=speech(data.veiled(scenario.target_unlabelled, scenario)),
        classes=scenario.classes,
        seed=seed,
        device=device,
        track=run.track,
        schedule=data.protocol.schedule,
        backbone=backbone.build if run.track == "finetune" else None,
        precision=run.precision,
    )


def _predict(
    method: Called,
    run: Run,
    data: SpeechData,
    backbone: PretrainedBackbone,
    device: torch.device,
) -> list[Predictions]:
    """Return the predictions for each test corpus, the target's first."""
    scenario = run.scenario
    roles: list[tuple[Role, Sequence[str]]] = [
        ("target", scenario.target_test),
        ("source", scenario.source_test),
    ]
    predictions = []
    for role, ids in roles:
        for corpus in dict.fromkeys(id_.partition("/")[0] for id_ in ids):
            members = [id_ for id_ in ids if id_.startswith(f"{corpus}/")]
            asked = data.veiled(members, scenario)
            speech = data.speech(asked, run.track, backbone)
            answer = method.predict(Speech(speech.features.to(device), speech.lengths.to(device)))
            row = {id_: i for i, id_ in enumerate(asked)}
            probabilities = answer.cpu().numpy()[[row[id_] for id_ in members]]
            names = [id_.partition("/")[2] for id_ in members]
            emotion = [scenario.emotion[id_] for id_ in members]
            predictions.append(Predictions.of(corpus, role, names, emotion, probabilities))
    return predictions
