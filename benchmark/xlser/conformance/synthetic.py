"""Small synthetic tasks with separable emotions, which hold what a method declares to use."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from xlser.backbones import Backbone
from xlser.methods.method import Method
from xlser.methods.speech import Labelled, Speech
from xlser.methods.task import Task
from xlser.methods.vocabulary import ATTRIBUTES, Attribute, Track
from xlser.protocols import Schedule

CLASSES = ("anger", "fear", "happiness", "neutral", "sadness")
SCHEDULE = Schedule(epochs=2, batch=16, learning_rate=1e-2, crop=16)

WIDTH: dict[Track, int] = {"finetune": 64, "frozen": 32}
"""Width of a row of features: mel bands of a frame; dimension of an embedding."""

DEAD, NEARLY_DEAD = 30, 31
"""Dimensions of embeddings that are of no class. In the source the first does not vary and the
second hardly does; in the target both vary a little, as units of pretrained networks do."""

_FEW = 10  # labels, for a method that is defined at so few
_ALL = 30  # target train utterances


def make_task(
    method: type[Method],
    track: Track,
    *,
    seed: int = 0,
    emotions: Tensor | None = None,
    unlabelled: int = _ALL,
    attributes: tuple[Attribute, ...] | None = None,
) -> Task:
    """Return a task that holds what `method` declares and no more.

    Args:
        method: whose declarations count.
        track: one of its tracks.
        seed: of the run.
        emotions: of the labelled target utterances, shape (utterances,); default: of all classes,
            as many as the method declares to use.
        unlabelled: target utterances, unless the method is handed all labels.
        attributes: that train speech carries; default: those the method declares.
    """
    if emotions is None:
        emotions = taking_turns(_usual_labels(method))
    if method.target_labels == "all" or not method.uses_target:
        unlabelled = 0
    task = Task(
        source=labelled(track, 40, seed=1),
        source_validation=labelled(track, 20, seed=2),
        target_labelled=Labelled(utterances(track, emotions, seed=3, shift=0.3), emotions),
        target_unlabelled=utterances(track, taking_turns(unlabelled), seed=4, shift=0.3),
        classes=CLASSES,
        seed=seed,
        device=torch.device("cpu"),
        track=track,
        schedule=SCHEDULE,
        backbone=_pretrained if track == "finetune" else None,
    )
    return with_attributes(
        task, method().carried_attributes() if attributes is None else attributes
    )


def taking_turns(count: int) -> Tensor:
    """Return emotions of `count` utterances: 0, 1, ..., 4, 0, 1, ..."""
    return torch.arange(count) % len(CLASSES)


def labelled(track: Track, count: int, seed: int, shift: float = 0.0) -> Labelled:
    """Return `count` utterances with their emotions, which take turns.

    Args:
        track: fine-tune or frozen.
        count: number of utterances.
        seed: of the noise.
        shift: added to all dimensions.
    """
    emotion = taking_turns(count)
    return Labelled(utterances(track, emotion, seed, shift), emotion)


def utterances(
    track: Track, emotion: Tensor, seed: int, shift: float = 0.0, lengths: Tensor | None = None
) -> Speech:
    """Return an utterance for each entry of `emotion`.

    Args:
        track: on the fine-tune track an utterance has frames, on the frozen track one embedding.
        emotion: class indices, shape (utterances,); each raises dimensions of its own by 2.
        seed: of the standard normal noise.
        shift: added to all dimensions; speech with one is of the target.
        lengths: frames of each utterance, shape (utterances,); default: 3 to 39 at random.
    """
    generator = torch.Generator().manual_seed(seed)
    if track == "frozen":
        lengths = torch.ones(len(emotion), dtype=torch.long)
    elif lengths is None:
        lengths = torch.randint(3, 40, (len(emotion),), generator=generator)
    of_row = emotion.repeat_interleave(lengths)
    width = WIDTH[track]
    rows = torch.randn(len(of_row), width, generator=generator) + shift
    class_of_dimension = torch.arange(width) // (width // len(CLASSES))
    rows += 2.0 * (class_of_dimension == of_row[:, None])
    if track == "frozen":
        rows[:, DEAD] = 0.05 * rows[:, DEAD].abs() if shift else 0.0
        rows[:, NEARLY_DEAD] *= 0.05 if shift else 1e-6
    return Speech(rows.half() if track == "finetune" else rows, lengths)


def without_dead_dimensions(speech: Speech) -> Speech:
    """Return embeddings whose `DEAD` and `NEARLY_DEAD` dimensions are zero, as in the source."""
    features = speech.features.clone()
    features[:, [DEAD, NEARLY_DEAD]] = 0.0
    return replace(speech, features=features)


def changed_parts(task: Task, untouched: Task) -> list[str]:
    """Return the names of the parts of `task` that differ from those of `untouched`."""
    changed = [
        name
        for name in ("source", "source_validation", "target_labelled")
        if not _same_labelled(getattr(task, name), getattr(untouched, name))
    ]
    if not same_speech(task.target_unlabelled, untouched.target_unlabelled):
        changed.append("target_unlabelled")
    return changed


def same_speech(one: Speech, other: Speech) -> bool:
    """Return whether features, lengths and attributes are equal."""
    return (
        torch.equal(one.features, other.features)
        and torch.equal(one.lengths, other.lengths)
        and one.attributes.keys() == other.attributes.keys()
        and all(torch.equal(of, other.attributes[name]) for name, of in one.attributes.items())
    )


def _same_labelled(one: Labelled, other: Labelled) -> bool:
    return torch.equal(one.emotion, other.emotion) and same_speech(one.speech, other.speech)


def _usual_labels(method: type[Method]) -> int:
    return {"none": 0, "few": max(_FEW, method.least_labels), "all": _ALL}[method.target_labels]


def with_attributes(task: Task, attributes: tuple[Attribute, ...]) -> Task:
    """Return `task` with attributes of all its speech; within a class their values take turns."""

    def speech(part: Speech) -> Speech:
        turn = torch.arange(len(part)) // len(CLASSES)
        return replace(
            part, attributes={a: turn % len(ATTRIBUTES.get(a, "012")) for a in attributes}
        )

    def with_emotions(part: Labelled) -> Labelled:
        return replace(part, speech=speech(part.speech))

    return replace(
        task,
        source=with_emotions(task.source),
        source_validation=with_emotions(task.source_validation),
        target_labelled=with_emotions(task.target_labelled),
        target_unlabelled=speech(task.target_unlabelled),
    )


class TinyBackbone(Backbone):
    """One linear layer over the mean frame, and dropout."""

    name, dimension, citation, weights = "tiny", 8, "none", None

    def __init__(self) -> None:
        super().__init__()
        linear = nn.Linear(WIDTH["finetune"], self.dimension)
        self.layers = nn.Sequential(linear, nn.ReLU(), nn.Dropout(0.1))

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return embeddings, shape (batch, 8)."""
        count = frames.shape[1] if lengths is None else lengths[:, None]
        return self.layers(frames.sum(dim=1) / count)  # type: ignore[no-any-return]


def _pretrained() -> nn.Module:
    """Return a backbone of the same weights at every call, as published ones are."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return TinyBackbone()
