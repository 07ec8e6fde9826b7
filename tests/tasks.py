"""Small synthetic tasks on both tracks, with separable emotions."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from xlser.conformance import synthetic
from xlser.conformance.synthetic import CLASSES, WIDTH, TinyBackbone, with_attributes
from xlser.methods import Labelled, Method, Schedule, Task, Track

DIMENSION, MELS = WIDTH["frozen"], WIDTH["finetune"]
SHORT = Schedule(epochs=4, batch=16, learning_rate=1e-2, crop=16)


def labelled(track: Track, per_class: int, seed: int, shift: float = 0.0) -> Labelled:
    """Return `per_class` utterances of each emotion, the emotions taking turns."""
    return synthetic.labelled(track, per_class * len(CLASSES), seed, shift)


def small_task(track: Track, seed: int = 0, **changes: Any) -> Task:
    """Return a task of 40 source, 10 labelled and 30 unlabelled target utterances."""
    task = Task(
        source=labelled(track, 8, seed=1),
        source_validation=labelled(track, 4, seed=2),
        target_labelled=labelled(track, 2, seed=3, shift=0.3),
        target_unlabelled=labelled(track, 6, seed=4, shift=0.3).speech,
        classes=CLASSES,
        seed=seed,
        device=torch.device("cpu"),
        track=track,
        schedule=SHORT,
        backbone=TinyBackbone if track == "finetune" else None,
    )
    return replace(task, **changes)


def task_for(method: type[Method], track: Track, **changes: Any) -> Task:
    """Return a small task that holds the target labels and attributes `method` declares."""
    if method.target_labels == "none":
        changes = {"target_labelled": nothing(track), **changes}
    if method.target_labels == "all":
        every = labelled(track, 8, seed=3, shift=0.3)
        no_speech = nothing(track).speech
        changes = {"target_labelled": every, "target_unlabelled": no_speech, **changes}
    return with_attributes(small_task(track, **changes), method.attributes)


def unheard(track: Track) -> Labelled:
    """Return 50 target utterances that are in no task."""
    return labelled(track, 10, seed=5, shift=0.3)


def nothing(track: Track) -> Labelled:
    """Return no utterance."""
    return labelled(track, 0, seed=0)


def same_weights(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Return whether two state dicts are equal bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: the networks here are too small to gain from more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
