"""Small synthetic tasks on both tracks, whose emotions can be told apart."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from xlser.backbones import Backbone
from xlser.methods import (
    ATTRIBUTES,
    Attribute,
    Labelled,
    Method,
    Schedule,
    Speech,
    Task,
    Track,
)

CLASSES = ("anger", "fear", "happiness", "neutral", "sadness")
DIMENSION = 16
MELS = 64
SHORT = Schedule(epochs=4, batch=16, learning_rate=1e-2, crop=16)


class TinyBackbone(Backbone):
    """One linear layer over the mean frame: fast, and random in what it starts from and drops."""

    name, dimension, citation, weights = "tiny", 8, "none", None

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(MELS, 8), nn.ReLU(), nn.Dropout(0.1))

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        count = frames.shape[1] if lengths is None else lengths[:, None]
        return self.layers(frames.sum(dim=1) / count)


def utterances(track: Track, emotion: Tensor, seed: int, shift: float = 0.0) -> Speech:
    """Return one utterance for each entry of `emotion`, 3 to 39 frames long on the finetune track.

    Every emotion raises a few dimensions of its own; `shift` moves all of them.
    """
    random = torch.Generator().manual_seed(seed)
    lengths = torch.ones(len(emotion), dtype=torch.long)
    width = DIMENSION
    if track == "finetune":
        lengths = torch.randint(3, 40, (len(emotion),), generator=random)
        width = MELS
    of_row = emotion.repeat_interleave(lengths)
    rows = torch.randn(len(of_row), width, generator=random) + shift
    per_class = width // len(CLASSES)
    rows += 2.0 * (torch.arange(width) // per_class == of_row[:, None])
    return Speech(rows.half() if track == "finetune" else rows, lengths)


def labelled(track: Track, per_class: int, seed: int, shift: float = 0.0) -> Labelled:
    """Return `per_class` utterances of each emotion, the emotions taking turns."""
    emotion = torch.arange(len(CLASSES)).repeat(per_class)
    return Labelled(utterances(track, emotion, seed, shift), emotion)


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


def told(task: Task, attributes: tuple[Attribute, ...]) -> Task:
    """Return `task` with these attributes of all its speech; in each class values take turns."""

    def speech(part: Speech) -> Speech:
        turn = torch.arange(len(part)) // len(CLASSES)
        return replace(part, attributes={a: turn % len(ATTRIBUTES[a]) for a in attributes})

    def both(part: Labelled) -> Labelled:
        return replace(part, speech=speech(part.speech))

    return replace(
        task,
        source=both(task.source),
        source_validation=both(task.source_validation),
        target_labelled=both(task.target_labelled),
        target_unlabelled=speech(task.target_unlabelled),
    )


def task_for(method: type[Method], track: Track, **changes: Any) -> Task:
    """Return a small task that holds the target labels and attributes `method` declares."""
    if method.target_labels == "none":
        changes = {"target_labelled": nothing(track), **changes}
    if method.target_labels == "all":
        every = labelled(track, 8, seed=3, shift=0.3)
        no_speech = nothing(track).speech
        changes = {"target_labelled": every, "target_unlabelled": no_speech, **changes}
    return told(small_task(track, **changes), method.attributes)


def unheard(track: Track) -> Labelled:
    """Return 50 target utterances that are in no task."""
    return labelled(track, 10, seed=5, shift=0.3)


def nothing(track: Track) -> Labelled:
    """Return no utterance."""
    empty = utterances(track, torch.zeros(0, dtype=torch.long), seed=0)
    return Labelled(empty, torch.zeros(0, dtype=torch.long))


def same_weights(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Say whether two state dicts are equal bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: the networks here are too small to gain from more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
