"""Carrying out one run: fit the method, predict the test speech, score, and make the record."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from xlser.errors import MethodError
from xlser.methods import EpochScores, Method, Predictor, Speech
from xlser.methods.calls import described
from xlser.methods.origin import is_packaged, package_of
from xlser.methods.provenance.packaged_code import packaged_code
from xlser.methods.vocabulary import SOURCE_MODEL
from xlser.records import (
    BackboneStamp,
    EpochCurve,
    MethodStamp,
    Predictions,
    Record,
    Role,
    score_predictions,
)
from xlser.runs.environment import describe
from xlser.runs.inputs import Inputs, ordered_by_recording
from xlser.runs.plan import Run
from xlser.runs.running.in_process import RunningMethod, threads_for
from xlser.runs.running.isolation import running_method
from xlser.runs.running.steadiness import predict_steadily
from xlser.runs.source_models import SourceModel, source_model
from xlser.runs.task import (
    Progress,
    ignore_progress,
    make_task,
    progress_reported_to,
    source_seed,
)
from xlser.runs.unlabelled.statement import unlabelled_speech
from xlser.sealing.template import means
from xlser.system.files import home_folders


def execute_run(
    run: Run,
    inputs: Inputs,
    device: torch.device,
    progress: Progress = ignore_progress,
    isolate: bool = False,
    secret: Collection[Path] = (),
    timeout: float | None = None,
    keep: Callable[[Predictor], None] = lambda predictor: None,
) -> Record:
    """Fit a method to its task, predict the test speech, and return the record.

    Args:
        run: method and scenario.
        inputs: of the run's track, prepared.
        device: of training.
        progress: called after each epoch.
        isolate: whether the method runs in a process of its own.
        secret: files and folders that such a process must not see, beside corpora and cache.
        timeout: seconds that such a process may take.
        keep: called with the fitted method where it runs in this process.

    Raises:
        MethodError: the method broke its contract.
    """
    hidden = [*secret, inputs.cache, *home_folders()]
    hidden += [inventory.root for inventory in inputs.catalogue.inventories.values()]
    started = datetime.now(UTC).isoformat(timespec="seconds")
    task = make_task(run, inputs, device)
    seconds: dict[str, float] = {}
    with (
        progress_reported_to(progress),
        threads_for(run.track),
        running_method(run.method, isolate, hidden, device, timeout, keep) as method,
    ):
        model = None
        if run.method.starts_from_source_model():
            shared = replace(task, seed=source_seed(run))
            model = source_model(shared, run.scenario, inputs)
            task = replace(task, source_model=model.weights)
            seconds[SOURCE_MODEL] = model.seconds

        clock = time.perf_counter()
        method.fit(task)
        seconds["fit"] = time.perf_counter() - clock

        predictions, seconds["predict"] = _predict(method, run, inputs, device)
        memory = method.peak_memory()
        unlabelled = unlabelled_speech(run, inputs, task, model, method.pseudo_labels())
        curve = _curve(run.method, method.epochs())
        environment = describe(
            device,
            type(run.method).__module__.partition(".")[0],
            distributions=inputs.backbone.kind.packages,
        )
    scenario, catalogue, backbone = run.scenario, inputs.catalogue, inputs.backbone
    protocol = catalogue.protocol
    corpora = (*scenario.source_corpora, *protocol.languages[scenario.target])
    optional: dict[str, Any] = {
        "fold": run.fold,
        "draw": scenario.draw or None,
        "unlabelled": unlabelled,
        "curve": curve,
        "sandbox": means().how if isolate else None,
    }
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
            code=run.identity.get("code", ""),  # here its source may be out of reach
            target_labels=run.method.target_labels,
            settings=run.method.settings(),
            changed=run.method.changed_settings(),
            **_code_of_package(run.method),
        ),
        target=scenario.target,
        labels=scenario.labels,
        seed=scenario.seed,
        repeat=run.repeat,
        track=run.track,
        backbone=BackboneStamp(
            name=backbone.kind.name,
            weights=backbone.digest,
            **({"recipe": recipe} if (recipe := backbone.kind.recipe()) else {}),
            **({"tuning": inputs.tuning.stated()} if inputs.tuning else {}),
        ),
        precision=run.precision,
        isolated=isolate,
        classes=scenario.classes,
        source_corpora=scenario.source_corpora,
        absent_corpora=scenario.absent_corpora,
        excluded=catalogue.excluded(corpora),
        corpora={name: catalogue.content[name] for name in corpora},
        source_figure=protocol.source_figure,
        scores=score_predictions(predictions, len(scenario.classes), protocol.source_figure),
        predictions=tuple(predictions),
        started=started,
        seconds={stage: round(value, 3) for stage, value in seconds.items()},
        peak_memory=memory,
        environment=environment,
        **{name: value for name, value in optional.items() if value is not None},
    )


def _curve(method: Method, epochs: Sequence[EpochScores]) -> EpochCurve | None:
    """Return the scores after each epoch; None where none were reported.

    Raises:
        MethodError: they are no scores.
    """
    if not epochs:
        return None
    try:
        return EpochCurve(
            ua=tuple(epoch.ua for epoch in epochs),
            accuracy=tuple(epoch.accuracy for epoch in epochs),
        )
    except ValidationError as cause:
        raise MethodError(
            f"{described(method)} reported scores of epochs that are not between 0 and 1.",
            "Report shares of 1 to Task.watch.",
        ) from cause


def _code_of_package(method: Method) -> dict[str, Any]:
    code = packaged_code(method.name) if is_packaged(type(method)) else None
    return {"packaged_code": code} if code else {}


def train_source_model_of(
    run: Run, inputs: Inputs, device: torch.device, progress: Progress = ignore_progress
) -> SourceModel:
    """Train the source model (stage 1) that `run` and others need, and keep it in the cache.

    Args:
        run: one of those that need it.
        inputs: of the run's track, prepared.
        device: of training.
        progress: called after each epoch.
    """
    task = replace(make_task(run, inputs, device), seed=source_seed(run))
    with progress_reported_to(progress), threads_for(run.track):
        return source_model(task, run.scenario, inputs)


def _predict(
    method: RunningMethod, run: Run, inputs: Inputs, device: torch.device
) -> tuple[list[Predictions], float]:
    """Return the predictions for each test corpus, the target's first, and the seconds they took.

    Raises:
        MethodError: an answer depends on more than its utterance.
    """
    scenario = run.scenario
    roles: list[tuple[Role, Sequence[str]]] = [
        ("target", scenario.target_test),
        ("source", scenario.source_test),
    ]
    predictions, seconds = [], 0.0
    for role, ids in roles:
        for corpus in dict.fromkeys(id_.partition("/")[0] for id_ in ids):
            members = [id_ for id_ in ids if id_.startswith(f"{corpus}/")]
            asked = ordered_by_recording(members, scenario, inputs.catalogue.recordings)
            speech = inputs.speech(asked)
            on_device = Speech(speech.features.to(device), speech.lengths.to(device))
            answer, took = predict_steadily(method.predict, on_device, run.method, run.precision)
            seconds += took
            row = {id_: i for i, id_ in enumerate(asked)}
            probabilities = answer.cpu().numpy()[[row[id_] for id_ in members]]
            names = [id_.partition("/")[2] for id_ in members]
            emotion = [scenario.emotion[id_] for id_ in members]
            predictions.append(Predictions.of(corpus, role, names, emotion, probabilities))
    return predictions, seconds
