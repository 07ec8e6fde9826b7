"""The shared source models (stage 1): each trained once, kept by a digest of all it depends on."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from xlser.files import digest_json, locked
from xlser.methods import Task
from xlser.protocols import Protocol, Scenario
from xlser.runs.tensors import load_tensors, save_tensors
from xlser.training import PretrainedBackbone, train_source_model

_VERSION = 1  # raise when training changes what the same inputs give


@dataclass(frozen=True)
class SourceModel:
    """Weights of a source model, and the seconds its training took whenever it was."""

    weights: Mapping[str, Tensor]
    seconds: float


def source_model(
    task: Task,
    scenario: Scenario,
    protocol: Protocol,
    content: Mapping[str, str],
    backbone: PretrainedBackbone,
    cache: Path,
) -> SourceModel:
    """Return the model trained on the task's source, training it if need be.

    Args:
        task: supplies the speech, schedule, precision and device.
        scenario: supplies who trains.
        protocol: supplies the front-end.
        content: content digest of each corpus.
        backbone: what the model starts from.
        cache: folder under which models are kept.
    """
    key = digest_json(
        {
            "version": _VERSION,
            "train": {id_: scenario.emotion[id_] for id_ in scenario.source_train},
            "order": scenario.source_train,
            "content": {corpus: content[corpus] for corpus in scenario.source_corpora},
            "frontend": protocol.frontend.digest(),
            "schedule": task.schedule.model_dump(),
            "classes": task.classes,
            "backbone": [backbone.kind.name, backbone.digest],
            "track": task.track,
            "seed": task.seed,
            "precision": task.precision,
            "device": task.device.type,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        }
    )
    path = cache / "source-models" / f"{key[:16]}.safetensors"
    with locked(path.with_suffix(".lock")):  # runs side by side wait for the first to train it
        known = load_tensors(path)
        if known is None:
            return _train(task, path)
        weights, about = known
        on_device = {name: weight.to(task.device) for name, weight in weights.items()}
        return SourceModel(on_device, float(about["seconds"]))


def _train(task: Task, path: Path) -> SourceModel:
    clock = time.perf_counter()
    weights = train_source_model(task)
    model = SourceModel(weights, round(time.perf_counter() - clock, 3))
    save_tensors(path, weights, seconds=str(model.seconds))
    return model
