"""Running a plan: each run is a task handed to a method, predictions scored, a record written."""

import time
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

from xlser import plugins
from xlser.files import sweep
from xlser.methods import Labelled, Method, Predictor, Speech, Task, Track
from xlser.methods.calls import blamed, check_probabilities, require_predictor, seed_everything
from xlser.runs.data import SpeechData
from xlser.runs.environment import describe
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


@dataclass(frozen=True)
class Failure:
    """How a run failed.

    Attributes:
        said: what was raised and by which method of which package, in one line.
        trace: all there is to know.
    """

    said: str
    trace: str

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """Return the failure that `error`, just caught, means."""
        words = str(error).rstrip(".") + "."
        said = " ".join([f"{type(error).__name__}: {words}", *getattr(error, "__notes__", ())])
        return cls(" ".join(said.split()), traceback.format_exc())


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
    """

    data: SpeechData
    backbone: PretrainedBackbone
    results: Path
    device: torch.device

    def attempt(self, run: Run, epoch: Callable[[int, int], None]) -> Ending:
        """Run and write the record, or say what stood in the way."""
        keep_pages()
        path = run.path(self.results)
        try:
            record = execute_run(run, self.data, self.backbone, self.device, epoch)
            sweep(path.parent)
            record.write(path)
        except (Exception, SystemExit) as error:  # a stranger's method may raise anything
            return Failure.of(error)
        return record


def execute(
    plan: Plan,
    data: SpeechData,
    backbone: PretrainedBackbone,
    results: Path,
    device: torch.device,
    events: Events,
    jobs: int = 1,
) -> Outcome:
    """Run what is to do; a run that fails does not stop the others.

    A killed process loses at most the runs in progress: every other record is on disk. Records
    are the same for any number of jobs, but for times.

    Args:
        plan: what is to do.
        data: speech, prepared for the plan's track.
        backbone: and its weights.
        results: folder of records.
        device: of training.
        events: told how it goes.
        jobs: runs side by side, in processes of their own; with 1 they run in this one.
    """
    shared = Shared(data, backbone, results, device)
    outcome = Outcome()
    todo = plan.todo
    ends = (
        side_by_side(shared, todo, jobs, events) if jobs > 1 else one_by_one(shared, todo, events)
    )
    with closing(ends):
        for run, ending in ends:
            if isinstance(ending, Failure):
                outcome.failures.append((run, ending.trace))
                events.failed(run, ending)
            else:
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
) -> Record:
    """Fit and test one method; return its record.

    Raises:
        MethodError: the method broke its contract.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    task = replace(make_task(run, data, backbone, device), progress=epoch)
    method = type(run.method)(**run.method.settings())
    with _threads_for(run.track):
        seconds: dict[str, float] = {}
        if method.needs_source_model:
            model = source_model(
                task, run.scenario, data.protocol, data.content, backbone, data.settings.cache
            )
            task = replace(task, source_model=model.weights)
            seconds["source model"] = model.seconds

        seed_everything(derive(task.seed, method.name))
        clock = time.perf_counter()
        with blamed(method, "fit"):
            fitted = method.fit(task)
        predictor = require_predictor(fitted, method)
        seconds["fit"] = time.perf_counter() - clock

        clock = time.perf_counter()
        predictions = _predict(predictor, run, data, backbone, device)
        seconds["predict"] = time.perf_counter() - clock
        return _record(run, method, data, backbone, device, predictions, started, seconds)


@contextmanager
def _threads_for(track: Track) -> Iterator[None]:
    """Hold the frozen track at one thread: its networks are too small to share out.

    So its figures do not depend on the number of cores, and runs side by side do not wait for
    each other's threads.
    """
    if track == "finetune":
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)


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

    return Task(
        source=labelled(scenario.source_train),
        source_validation=labelled(scenario.source_validation),
        target_labelled=labelled(scenario.target_labelled),
        target_unlabelled=speech(scenario.target_unlabelled),
        classes=scenario.classes,
        seed=scenario.seed,
        device=device,
        track=run.track,
        schedule=data.protocol.schedule,
        backbone=backbone.build if run.track == "finetune" else None,
        precision=run.precision,
    )


def _predict(
    predictor: Predictor,
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
            speech = data.speech(members, run.track, backbone)
            on_device = Speech(speech.features.to(device), speech.lengths.to(device))
            with blamed(run.method, "predict"):
                answer = predictor.predict(on_device)
            probabilities = check_probabilities(answer, run.method, len(members), scenario.classes)
            names = [id_.partition("/")[2] for id_ in members]
            emotion = [scenario.emotion[id_] for id_ in members]
            predictions.append(
                Predictions.of(corpus, role, names, emotion, probabilities.cpu().numpy())
            )
    return predictions


def _record(
    run: Run,
    method: Method,
    data: SpeechData,
    backbone: PretrainedBackbone,
    device: torch.device,
    predictions: Sequence[Predictions],
    started: str,
    seconds: dict[str, float],
) -> Record:
    scenario, protocol = run.scenario, data.protocol
    corpora = (*scenario.source_corpora, *protocol.languages[scenario.target])
    return Record(
        schema_version=1,
        key=run.key,
        protocol=protocol.name,
        protocol_version=protocol.version,
        protocol_digest=protocol.digest,
        scenario=scenario.digest,
        method=MethodStamp(
            name=method.name,
            package=plugins.package_of("xlser.methods", method.name),
            target_labels=method.target_labels,
            settings=run.method.settings(),
            changed=run.method.changed_settings(),
        ),
        target=scenario.target,
        labels=scenario.labels,
        seed=scenario.seed,
        track=run.track,
        backbone=BackboneStamp(name=backbone.kind.name, weights=backbone.digest),
        precision=run.precision,
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
        environment=describe(device),
    )
