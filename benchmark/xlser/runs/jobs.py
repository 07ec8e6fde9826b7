"""What an executor computes: runs, and the source models that some of them need."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from xlser.backbones import PretrainedBackbone
from xlser.methods.calls import described
from xlser.records.record import Record
from xlser.runs.calling import Failure
from xlser.runs.data import SpeechData
from xlser.runs.one_run import execute_run, source_seed, train_source_model_of
from xlser.runs.plan import Run
from xlser.runs.source_models import source_model_path
from xlser.training import keep_pages


@dataclass(frozen=True)
class Shared:
    """What the jobs of a plan have in common.

    Attributes:
        data: speech.
        backbone: and its weights.
        results: folder of records.
        device: of training.
        isolate: whether each method runs in a process that holds nothing but its task.
        timeout: seconds a job may take; None for any.
        threads: of a process that fine-tunes; the frozen track takes one.
    """

    data: SpeechData
    backbone: PretrainedBackbone
    results: Path
    device: torch.device
    isolate: bool = False
    timeout: float | None = None
    threads: int = field(default_factory=torch.get_num_threads)


@dataclass(frozen=True)
class Job:
    """A run, or the training of a source model that runs wait for.

    Attributes:
        key: that of the run; the source model's own.
        label: a short name for people.
        run: the run, or one of those that wait.
        needs: key of the source model that it waits for; None for none.
        model: file in the cache of the source model that is trained here; None for a run.
        uses: file in the cache of the source model that the run uses; None for none.
    """

    key: str
    label: str
    run: Run
    needs: str | None = None
    model: Path | None = None
    uses: Path | None = None


Ending = Record | float | Failure
"""How a job ended: a run's record, the seconds that a source model's training took, or neither."""


def jobs_of(runs: Sequence[Run], shared: Shared) -> list[Job]:
    """Return the runs as jobs, and before them the source models they need and nobody trained."""
    models: dict[str, Job] = {}
    jobs = []
    for run in runs:
        path = _source_model_path(run, shared) if run.method.needs_source_model else None
        needs = path.stem if path and not path.exists() else None
        if path and needs:
            label = f"source model s={run.scenario.seed}"
            models.setdefault(needs, Job(needs, label, run, model=path))
        jobs.append(Job(run.key, run.label, run, needs, uses=path))
    return [*models.values(), *jobs]


def do(job: Job, shared: Shared, epoch: Callable[[int, int], None]) -> Ending:
    """Do a job in this process."""
    keep_pages()
    where = shared.data, shared.backbone, shared.device
    try:
        if job.model:
            return train_source_model_of(job.run, *where, epoch).seconds
        return execute_run(job.run, *where, epoch, shared.isolate)
    except (Exception, SystemExit) as error:  # a stranger's method may raise anything
        return Failure.of(error)


def overdue(job: Job, timeout: float) -> Failure:
    """Return the failure of a job that takes longer than `timeout`, seconds."""
    said = f"{_blamed_for(job)} took longer than the timeout of {timeout:g} s."
    return Failure(f"WorkerError: {said}", said)


def given_up(job: Job, attempts: int, how: str) -> Failure:
    """Return the failure of a job that always took along what computed it."""
    said = f"{_blamed_for(job)} came to no end in {attempts} attempts: {how}."
    return Failure(f"WorkerError: {said}", said)


def _blamed_for(job: Job) -> str:
    return "The training of the source model" if job.model else described(job.run.method)


def _source_model_path(run: Run, shared: Shared) -> Path:
    return source_model_path(
        run.scenario,
        shared.data,
        shared.backbone,
        track=run.track,
        seed=source_seed(run),
        precision=run.precision,
        device=shared.device,
        threads=1 if run.track == "frozen" else shared.threads,
    )
