"""The shared source models (stage 1): each trained once, kept by a digest of all it depends on."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from xlser.backbones import PretrainedBackbone
from xlser.files import digest_json, locked
from xlser.methods import Precision, Task, Track
from xlser.protocols import Scenario
from xlser.runs.data import SpeechData
from xlser.runs.tensors import load_tensors, save_tensors
from xlser.training import train_source_model

_VERSION = 2  # raise when training changes what the same inputs give


@dataclass(frozen=True)
class SourceModel:
    """Weights of a source model, and the seconds its training took whenever it was."""

    weights: Mapping[str, Tensor]
    seconds: float


def source_model(
    task: Task, scenario: Scenario, data: SpeechData, backbone: PretrainedBackbone
) -> SourceModel:
    """Return the model trained on the task's source, training it if need be.

    Args:
        task: supplies the speech, seed, precision and device.
        scenario: supplies who trains.
        data: supplies the protocol, the recordings' digests and the cache.
        backbone: what the model starts from.
    """
    path = source_model_path(
        scenario,
        data,
        backbone,
        track=task.track,
        seed=task.seed,
        precision=task.precision,
        device=task.device,
        threads=torch.get_num_threads(),
    )
    with locked(path.with_suffix(".lock")):  # runs side by side wait for the first to train it
        known = load_tensors(path)
        if known is None:
            return _train(task, path)
        weights, about = known
        on_device = {name: weight.to(task.device) for name, weight in weights.items()}
        return SourceModel(on_device, float(about["seconds"]))


def source_model_path(
    scenario: Scenario,
    data: SpeechData,
    backbone: PretrainedBackbone,
    *,
    track: Track,
    seed: int,
    precision: Precision,
    device: torch.device,
    threads: int,
) -> Path:
    """Return the file in the cache that keeps a source model once it is trained."""
    key = digest_json(
        {
            "version": _VERSION,
            "train": {id_: scenario.emotion[id_] for id_ in scenario.source_train},
            "order": scenario.source_train,
            "content": {corpus: data.content[corpus] for corpus in scenario.source_corpora},
            "frontend": data.frontend(backbone).digest(),
            "schedule": data.protocol.schedule.stated(),
            "classes": scenario.classes,
            "backbone": [backbone.kind.name, backbone.digest],
            "track": track,
            "seed": seed,
            "precision": precision,
            "device": device.type,
            "threads": threads,
            "torch": torch.__version__,
        }
    )
    return data.settings.cache / "source-models" / f"{key[:16]}.safetensors"


def _train(task: Task, path: Path) -> SourceModel:
    clock = time.perf_counter()
    weights = train_source_model(task)
    model = SourceModel(weights, round(time.perf_counter() - clock, 3))
    save_tensors(path, weights, seconds=str(model.seconds))
    return model
