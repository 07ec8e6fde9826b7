"""Source models (stage 1): trained once, then kept in the cache by a digest of all inputs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from xlser.methods import Precision, Task
from xlser.protocols import Scenario
from xlser.protocols.scenario import emotions_as_json
from xlser.runs.inputs import Inputs
from xlser.runs.inputs.tensors import load_tensors, save_tensors
from xlser.system.files import canonical_json, digest_texts, locked, texts_as_json
from xlser.training import train_source_model

_VERSION = 2  # raise when training changes what the same inputs give


@dataclass(frozen=True)
class SourceModel:
    """A trained source model.

    Attributes:
        weights: tensors by name.
        seconds: that its training took, whenever that was.
        path: of its file in the cache.
    """

    weights: Mapping[str, Tensor]
    seconds: float
    path: Path


def source_model(task: Task, scenario: Scenario, inputs: Inputs) -> SourceModel:
    """Return the model trained on the task's source; train it if the cache has none.

    Args:
        task: has the speech, seed, precision and device.
        scenario: has the utterances that train.
        inputs: of the task's track.
    """
    path = source_model_path(
        scenario,
        inputs,
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
        return SourceModel(on_device, float(about["seconds"]), path)


def source_model_path(
    scenario: Scenario,
    inputs: Inputs,
    *,
    seed: int,
    precision: Precision,
    device: torch.device,
    threads: int,
) -> Path:
    """Return the file of a source model in the cache, whether it is trained or not.

    Args:
        scenario: has the utterances that train, with their emotions.
        inputs: their content, front-end, backbone, track and the cache.
        seed: of the task.
        precision: of training.
        device: of training.
        threads: of training; sums in another order give other weights.
    """
    catalogue, backbone = inputs.catalogue, inputs.backbone
    train = {id_: scenario.emotion[id_] for id_ in scenario.source_train}
    recipe = backbone.kind.recipe()
    stated = {
        "version": _VERSION,
        "content": {corpus: catalogue.content[corpus] for corpus in scenario.source_corpora},
        "frontend": inputs.input.digest(),
        "schedule": inputs.schedule.stated(),
        **({"tuning": inputs.tuning.stated()} if inputs.tuning else {}),
        "classes": scenario.classes,
        "backbone": [backbone.kind.name, backbone.digest],
        **({"recipe": recipe} if recipe else {}),
        "track": inputs.track,
        "seed": seed,
        "precision": precision,
        "device": device.type,
        "threads": threads,
        "torch": torch.__version__,
    }
    texts = {name: canonical_json(value) for name, value in stated.items()}
    texts["train"] = emotions_as_json(train)
    texts["order"] = texts_as_json(scenario.source_train)
    key = digest_texts(texts)
    return inputs.cache / "source-models" / f"{key[:16]}.safetensors"


def _train(task: Task, path: Path) -> SourceModel:
    clock = time.perf_counter()
    weights = train_source_model(task)
    model = SourceModel(weights, round(time.perf_counter() - clock, 3), path)
    save_tensors(path, weights, seconds=str(model.seconds))
    return model
