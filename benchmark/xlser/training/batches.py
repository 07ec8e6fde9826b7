"""Batches of random crops from the parts of a task, drawn without replacement."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from xlser.errors import MethodError
from xlser.methods import Attribute, Speech, Task

Part = Literal["source", "target_labelled", "target_unlabelled"]
Shares = Mapping[Part, float]
"""Share of a batch that each part of the task supplies; parts not named supply nothing.

The share of an empty target part goes to the other target part, if it is named (with 0 for what
is wanted only then).
"""

HALF_TARGET: Shares = {"source": 0.5, "target_labelled": 0.25, "target_unlabelled": 0.25}
"""Half source, half target, and of the target half labelled as long as any is."""


@dataclass(frozen=True)
class LabelledBatch:
    """Utterances with their emotion.

    Attributes:
        speech: crops, shape (batch, frames, mels), or embeddings, shape (batch, dimension).
        emotion: shape (batch,), int64.
        target: shape (batch,), bool: whether the utterance is of the target language.
        index: shape (batch,), int64: its place in `Task.source` or `Task.target_labelled`.
        attributes: those the method declares, shape (batch,), int64.
    """

    speech: Tensor
    emotion: Tensor
    target: Tensor
    index: Tensor
    attributes: Mapping[Attribute, Tensor]


@dataclass(frozen=True)
class UnlabelledBatch:
    """Target utterances without their emotion; empty if the task has none or no share for them.

    Attributes:
        speech: crops, shape (batch, frames, mels), or embeddings, shape (batch, dimension).
        index: shape (batch,), int64: its place in `Task.target_unlabelled`.
        attributes: those the method declares, shape (batch,), int64.
    """

    speech: Tensor
    index: Tensor
    attributes: Mapping[Attribute, Tensor]


@dataclass(frozen=True)
class Step:
    """What a loss is computed from.

    Attributes:
        labelled: source and labelled target utterances.
        unlabelled: unlabelled target utterances.
        progress: share of the training that is done, 0 <= progress < 1.
    """

    labelled: LabelledBatch
    unlabelled: UnlabelledBatch
    progress: float

    @property
    def of_target(self) -> Tensor:
        """Whether a row is of the target language, shape (labelled + unlabelled,), bool."""
        labelled = self.labelled.target
        return torch.cat([labelled, labelled.new_ones(len(self.unlabelled.index))])

    def by_domain(self, labelled: Tensor, unlabelled: Tensor) -> tuple[Tensor, Tensor]:
        """Return the rows of the source and those of the target, labelled ones first.

        Args:
            labelled: what was made of the labelled speech, shape (labelled, ...).
            unlabelled: what was made of the unlabelled speech, shape (unlabelled, ...).
        """
        target = self.labelled.target
        return labelled[~target], torch.cat([labelled[target], unlabelled])


class Batches:
    """Draws batches of a fixed composition.

    Each part is gone through in a random order, again and again. Without `shares`, a part
    supplies in proportion to its size, so an epoch goes through the union of all parts once; a
    part that is there supplies at least one utterance to every batch.

    Attributes:
        steps: batches of an epoch.
        counts: utterances a batch, by part.
    """

    def __init__(self, task: Task, shares: Shares | None, generator: torch.Generator) -> None:
        """Prepare to draw.

        Raises:
            MethodError: none of the parts that `shares` names holds an utterance.
        """
        self._task = task
        self._generator = generator
        sizes = _sizes(task)
        weights = (
            dict(shares) if shares is not None else {part: float(n) for part, n in sizes.items()}
        )
        _hand_on(weights, sizes)
        drawn = {part: n for part, n in sizes.items() if n and weights.get(part)}
        if not drawn:
            raise MethodError(
                "There is nothing to train on: no utterance in " + ", ".join(weights) + ".",
                "Raise the label budget, or let the method state `least_labels`.",
            )
        total = sum(drawn.values())
        size = min(task.schedule.batch, total)
        self.steps = max(1, round(total / size))
        self.counts = _apportion(size, {part: weights[part] for part in drawn})
        self._streams = {part: self._stream(drawn[part], n) for part, n in self.counts.items()}

    def draw(self, progress: float) -> Step:
        """Return the next batch."""
        task = self._task
        source = self._draw("source", task.source.speech)
        target = self._draw("target_labelled", task.target_labelled.speech)
        unlabelled = self._draw("target_unlabelled", task.target_unlabelled)
        emotion = [task.source.emotion[source.index], task.target_labelled.emotion[target.index]]
        labelled = LabelledBatch(
            speech=torch.cat([source.speech, target.speech]),
            emotion=torch.cat(emotion),
            target=torch.arange(sum(map(len, emotion)), device=task.device) >= len(source.index),
            index=torch.cat([source.index, target.index]),
            attributes={
                name: torch.cat([of, target.attributes[name]])
                for name, of in source.attributes.items()
            },
        )
        return Step(labelled, unlabelled, progress)

    def _draw(self, part: Part, speech: Speech) -> UnlabelledBatch:
        if part in self._streams:
            index = next(self._streams[part]).to(self._task.device)
        else:
            index = torch.empty(0, dtype=torch.long, device=self._task.device)
        return UnlabelledBatch(
            speech=speech.crops(index, self._task.schedule.crop, self._generator),
            index=index,
            attributes={name: of[index] for name, of in speech.attributes.items()},
        )

    def _stream(self, utterances: int, count: int) -> Iterator[Tensor]:
        """Yield indices, `count` at a time, from one random order after the other."""
        waiting = torch.empty(0, dtype=torch.long)
        while True:
            while len(waiting) < count:
                order = torch.randperm(utterances, generator=self._generator)
                waiting = torch.cat([waiting, order])
            yield waiting[:count]
            waiting = waiting[count:]


def _sizes(task: Task) -> dict[Part, int]:
    return {
        "source": len(task.source),
        "target_labelled": len(task.target_labelled),
        "target_unlabelled": len(task.target_unlabelled),
    }


def _hand_on(weights: dict[Part, float], sizes: Mapping[Part, int]) -> None:
    """Give the share of an empty target part to the other, so that the target keeps its share."""
    parts: tuple[Part, Part] = ("target_labelled", "target_unlabelled")
    for empty, other in (parts, parts[::-1]):
        if not sizes[empty] and other in weights:
            weights[other] += weights.pop(empty, 0.0)


def _apportion(size: int, weights: Mapping[Part, float]) -> dict[Part, int]:
    """Divide `size` in proportion to `weights`: at least one each, the largest takes the rest."""
    total = sum(weights.values())
    counts = {part: max(1, round(size * weight / total)) for part, weight in weights.items()}
    largest = max(counts, key=lambda part: counts[part])
    counts[largest] = max(1, counts[largest] + size - sum(counts.values()))
    return counts
