"""One run: a task is handed to a method, its predictions are scored and become a record."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime

import torch
from torch import Tensor

from xlser.backbones import PretrainedBackbone
from xlser.methods import Labelled, Speech, Task
from xlser.methods.origin import code_of, is_packaged, package_of
from xlser.records import (
    BackboneStamp,
    MethodStamp,
    Predictions,
    Record,
    Role,
    score_predictions,
)
from xlser.runs.calling import Called, called, threads_for
from xlser.runs.data import SpeechData
from xlser.runs.environment import describe
from xlser.runs.plan import Run
from xlser.runs.source_models import SourceModel, source_model
from xlser.training import derive

Progress = Callable[[int, int], None]


def _to_nobody(done: int, total: int) -> None:
    """Tell nobody."""


# Who listens knows the whole grid, so the task must not lead there: `_tell` finds them by itself.
_listener: ContextVar[Progress] = ContextVar("_listener", default=_to_nobody)


def _tell(done: int, total: int) -> None:
    _listener.get()(done, total)


@contextmanager
def _listening(epoch: Progress) -> Iterator[None]:
    """Have `epoch` called with what the task's `progress` is called with."""
    before = _listener.set(epoch)
    try:
        yield
    finally:
        _listener.reset(before)


def execute_run(
    run: Run,
    data: SpeechData,
    backbone: PretrainedBackbone,
    device: torch.device,
    epoch: Progress = _to_nobody,
    isolate: bool = False,
) -> Record:
    """Fit and test one method; return its record.

    Raises:
        MethodError: the method broke its contract.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    task = make_task(run, data, backbone, device)
    seconds: dict[str, float] = {}
    with _listening(epoch), threads_for(run.track), called(run.method, isolate) as method:
        if run.method.needs_source_model:
            shared = replace(task, seed=source_seed(run))
            model = source_model(shared, run.scenario, data, backbone)
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
        schema_version=3,
        key=run.key,
        protocol=protocol.name,
        protocol_version=protocol.version,
        protocol_digest=protocol.digest,
        scenario=scenario.digest,
        method=MethodStamp(
            name=run.method.name,
            package=package_of(type(run.method)),
            packaged=is_packaged(type(run.method)),
            code=code_of(type(run.method)),
            target_labels=run.method.target_labels,
            settings=run.method.settings(),
            changed=run.method.changed_settings(),
        ),
        target=scenario.target,
        labels=scenario.labels,
        seed=scenario.seed,
        **({} if run.fold is None else {"fold": run.fold}),
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


def train_source_model_of(
    run: Run,
    data: SpeechData,
    backbone: PretrainedBackbone,
    device: torch.device,
    epoch: Progress = _to_nobody,
) -> SourceModel:
    """Train the source model (stage 1) that `run` and others need, and keep it in the cache."""
    task = replace(make_task(run, data, backbone, device), seed=source_seed(run))
    with _listening(epoch), threads_for(run.track):
        return source_model(task, run.scenario, data, backbone)


def make_task(
    run: Run, data: SpeechData, backbone: PretrainedBackbone, device: torch.device
) -> Task:
    """Return all that the method of `run` may see, and nothing else."""
    scenario = run.scenario

    def speech(ids: Sequence[str]) -> Speech:
        found = data.speech(ids, run.track, backbone)
        told = {name: data.attribute(ids, name).to(device) for name in run.method.attributes}
        return Speech(found.features.to(device), found.lengths.to(device), told)

    def labelled(ids: Sequence[str], domain: Tensor | None = None) -> Labelled:
        emotion = torch.tensor([scenario.emotion[i] for i in ids], dtype=torch.long, device=device)
        return Labelled(speech(ids), emotion, domain)

    def source(ids: Sequence[str]) -> Labelled:
        domains = data.protocol.domains(ids)
        return labelled(ids, None if domains is None else torch.tensor(domains, device=device))

    return Task(
        source=source(scenario.source_train),
        source_validation=source(scenario.source_validation),
        target_labelled=labelled(scenario.target_labelled),
        target_unlabelled=speech(data.veiled(scenario.target_unlabelled, scenario)),
        classes=scenario.classes,
        seed=task_seed(run),
        device=device,
        track=run.track,
        schedule=data.protocol.schedule,
        backbone=backbone.build if run.track == "finetune" else None,
        precision=run.precision,
        progress=_tell,
    )


def task_seed(run: Run) -> int:
    """Return the seed of what a run draws: another for each repeat and for each further fold."""
    seed = source_seed(run)
    return derive(seed, f"fold {run.fold}") >> 32 if run.fold else seed


def source_seed(run: Run) -> int:
    """Return the seed of what a source model draws, which the folds of a seed share."""
    seed = run.scenario.seed
    return derive(seed, f"repeat {run.repeat}") >> 32 if run.repeat else seed


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
