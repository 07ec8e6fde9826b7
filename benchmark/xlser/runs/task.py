"""The task of a run: what its method sees, and nothing else."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

from xlser.methods import Attribute, Labelled, Speech, Task
from xlser.protocols import Scenario
from xlser.runs.inputs import Catalogue, Inputs, ordered_by_recording
from xlser.runs.plan import Run
from xlser.training import derive

Progress = Callable[[int, int], None]
"""Called with (epochs done, epochs in all) of a stage of training."""


def ignore_progress(done: int, total: int) -> None:
    """Do nothing."""


# A progress callback leads to the whole plan, with its test labels. Were it an attribute of the
# task, a method could follow it there. So the task holds `_report`, a plain function that finds the
# callback in this context variable.
_callback: ContextVar[Progress] = ContextVar("_callback", default=ignore_progress)


def _report(done: int, total: int) -> None:
    _callback.get()(done, total)


@contextmanager
def progress_reported_to(callback: Progress) -> Iterator[None]:
    """Have the progress of tasks reported to `callback` in the block."""
    before = _callback.set(callback)
    try:
        yield
    finally:
        _callback.reset(before)


def make_task(run: Run, inputs: Inputs, device: torch.device) -> Task:
    """Return all that the method of a run may see.

    Args:
        run: scenario and method, whose declared attributes the speech carries.
        inputs: of the run's track, prepared.
        device: of the tensors and of training.
    """
    scenario, catalogue = run.scenario, inputs.catalogue

    carried = run.method.carried_attributes()
    speakers = _speakers(scenario, catalogue) if "speaker" in carried else {}

    def attribute(ids: Sequence[str], name: Attribute) -> Tensor:
        if name == "speaker":
            return torch.tensor([speakers[id_] for id_ in ids], dtype=torch.long)
        return catalogue.attribute(ids, name)

    def speech(ids: Sequence[str]) -> Speech:
        found = inputs.speech(ids)
        attributes = {name: attribute(ids, name).to(device) for name in carried}
        return Speech(found.features.to(device), found.lengths.to(device), attributes)

    def labelled(ids: Sequence[str], domain: Tensor | None = None) -> Labelled:
        emotion = torch.tensor([scenario.emotion[i] for i in ids], dtype=torch.long, device=device)
        return Labelled(speech(ids), emotion, domain)

    def source(ids: Sequence[str]) -> Labelled:
        domains = catalogue.protocol.domains(ids)
        return labelled(ids, None if domains is None else torch.tensor(domains, device=device))

    return Task(
        source=source(scenario.source_train),
        source_validation=source(scenario.source_validation),
        target_labelled=labelled(scenario.target_labelled),
        target_unlabelled=speech(unlabelled_ids(run, inputs)),
        classes=scenario.classes,
        seed=task_seed(run),
        device=device,
        track=run.track,
        schedule=inputs.schedule,
        backbone=inputs.backbone.build if run.track == "finetune" else None,
        precision=run.precision,
        progress=_report,
        stacked=inputs.backbone.kind.stacked,
    )


def unlabelled_ids(run: Run, inputs: Inputs) -> list[str]:
    """Return the utterances of `Task.target_unlabelled`, in their order."""
    ids = run.scenario.target_unlabelled if run.method.uses_target else ()
    return ordered_by_recording(ids, run.scenario, inputs.catalogue.recordings)


def _speakers(scenario: Scenario, catalogue: Catalogue) -> dict[str, int]:
    """Return the speaker of each train utterance as a number, by utterance id.

    The numbers follow a digest of scenario and speaker, so that they do not reveal who it is.
    """
    trains = (
        *scenario.source_train,
        *scenario.source_validation,
        *scenario.target_labelled,
        *scenario.target_unlabelled,
    )
    speaker = {
        utterance.id: f"{inventory.corpus.name}/{utterance.speaker}"
        for inventory in catalogue.inventories.values()
        for utterance in inventory.utterances
    }

    def key(name: str) -> bytes:
        return hashlib.sha256(f"{scenario.digest}/{name}".encode()).digest()

    names = sorted({speaker[id_] for id_ in trains}, key=key)
    number = {name: i for i, name in enumerate(names)}
    return {id_: number[speaker[id_]] for id_ in trains}


def task_seed(run: Run) -> int:
    """Return the seed of a run's random draws: another for each repeat and each further fold."""
    seed = source_seed(run)
    return derive(seed, f"fold {run.fold}") >> 32 if run.fold else seed


def source_seed(run: Run) -> int:
    """Return the seed of a source model's random draws, which the folds of a seed share."""
    seed = run.scenario.seed
    return derive(seed, f"repeat {run.repeat}") >> 32 if run.repeat else seed
