"""Jobs, which executors compute: runs, and the source models that some of them need."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from xlser.methods.calls import described
from xlser.methods.vocabulary import SOURCE_MODEL
from xlser.records.record import Record
from xlser.runs.execution import execute_run, train_source_model_of
from xlser.runs.failures import Failure
from xlser.runs.inputs import Inputs
from xlser.runs.plan import Run
from xlser.runs.running.isolation import is_sealed_by_default
from xlser.runs.source_models import source_model_path
from xlser.runs.task import source_seed
from xlser.training import keep_pages


@dataclass(frozen=True)
class JobContext:
    """What all jobs of a plan have in common.

    Attributes:
        inputs: of their track.
        results: folder of records.
        device: of training.
        isolate: whether each method runs in a process of its own, which holds only its task; None:
            those that are not of this distribution do, where there is a sandbox.
        timeout: seconds that a job may take; None for no limit.
        threads: of a process that fine-tunes; on the frozen track it is one.
        given: further options of `xlser.run` that shaped the runs, for the command that repeats
            one: data, weights, exclude, device, executor, ...
    """

    inputs: Inputs
    results: Path
    device: torch.device
    isolate: bool | None = False
    timeout: float | None = None
    threads: int = field(default_factory=torch.get_num_threads)
    given: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Job:
    """A run, or the training of a source model that runs need.

    Attributes:
        key: of the run or of the source model.
        label: a short name for messages.
        run: the run, or one of those that need the source model.
        needs: key of the source model that must be trained first; None if there is none.
        model: file in the cache of the source model that this job trains; None for a run.
        uses: file in the cache of the source model that the run uses; None if there is none.
    """

    key: str
    label: str
    run: Run
    needs: str | None = None
    model: Path | None = None
    uses: Path | None = None


JobResult = Record | float | Failure
"""Result of a job: a run's record, the seconds that training a source model took, or a failure."""


def jobs_of(runs: Sequence[Run], context: JobContext) -> list[Job]:
    """Return the source models that `runs` need and that are not trained, then the runs.

    Args:
        runs: to do.
        context: which they have in common.
    """
    models: dict[str, Job] = {}
    jobs = []
    for run in runs:
        needs_model = run.method.starts_from_source_model()
        path = _source_model_path(run, context) if needs_model else None
        needs = path.stem if path and not path.exists() else None
        if path and needs:
            label = f"{SOURCE_MODEL} s={run.scenario.seed}"
            models.setdefault(needs, Job(needs, label, run, model=path))
        jobs.append(Job(run.key, run.label, run, needs, uses=path))
    return [*models.values(), *jobs]


def do(job: Job, context: JobContext, progress: Callable[[int, int], None]) -> JobResult:
    """Compute a job in this process; whatever its method raises is a failure.

    Args:
        job: to compute.
        context: of the plan.
        progress: called with (epochs done, epochs in all) after each epoch.
    """
    keep_pages()
    inputs, device = context.inputs, context.device
    try:
        if job.model:
            return train_source_model_of(job.run, inputs, device, progress).seconds
        isolate = context.isolate
        if isolate is None:
            isolate = is_sealed_by_default(job.run.method)
        secret = [context.results.parent.parent]
        return execute_run(job.run, inputs, device, progress, isolate, secret, context.timeout)
    except (Exception, SystemExit) as error:  # a method may raise anything
        return Failure.of(error)


def overdue(job: Job, timeout: float) -> Failure:
    """Return the failure of a job that takes longer than `timeout`, seconds."""
    message = f"{_subject(job)} took longer than the timeout of {timeout:g} s."
    return Failure(f"WorkerError: {message}", message)


def given_up(job: Job, attempts: int, how: str) -> Failure:
    """Return the failure of a job whose process died at every attempt.

    Args:
        job: that was lost.
        attempts: number of them.
        how: the last process ended.
    """
    message = f"{_subject(job)} came to no end in {attempts} attempts: {how}."
    return Failure(f"WorkerError: {message}", message)


def _subject(job: Job) -> str:
    return "The training of the source model" if job.model else described(job.run.method)


def _source_model_path(run: Run, context: JobContext) -> Path:
    return source_model_path(
        run.scenario,
        context.inputs,
        seed=source_seed(run),
        precision=run.precision,
        device=context.device,
        threads=1 if run.track == "frozen" else context.threads,
    )
