"""Batches of random crops from the parts of a task, drawn without replacement."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from xlser.errors import MethodError
from xlser.methods import Labelled, Speech, Task

Part = Literal["source", "target_labelled", "target_unlabelled"]
Shares = Mapping[Part, float]
"""Share of a batch that each part of the task supplies; parts not named supply nothing."""


@dataclass(frozen=True)
class LabelledBatch:
    """Utterances with their emotion.

    Attributes:
        speech: crops, shape (batch, frames, mels), or embeddings, shape (batch, dimension).
        emotion: shape (batch,), int64.
        target: shape (batch,), bool: whether the utterance is of the target language.
    """

    speech: Tensor
    emotion: Tensor
    target: Tensor


@dataclass(frozen=True)
class UnlabelledBatch:
    """Target utterances without their emotion; empty if the task has none or no share for them.

    Attributes:
        speech: crops, shape (batch, frames, mels), or embeddings, shape (batch, dimension).
    """

    speech: Tensor


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
        source = self._labelled("source", task.source)
        target = self._labelled("target_labelled", task.target_labelled)
        labelled = LabelledBatch(
            speech=torch.cat([source[0], target[0]]),
            emotion=torch.cat([source[1], target[1]]),
            target=torch.arange(len(source[1]) + len(target[1]), device=task.device)
            >= len(source[1]),
        )
        unlabelled = self._crops("target_unlabelled", task.target_unlabelled)[0]
        return Step(labelled, UnlabelledBatch(unlabelled), progress)

    def _labelled(self, part: Part, pool: Labelled) -> tuple[Tensor, Tensor]:
        crops, index = self._crops(part, pool.speech)
        return crops, pool.emotion[index]

    def _crops(self, part: Part, speech: Speech) -> tuple[Tensor, Tensor]:
        if part in self._streams:
            index = next(self._streams[part]).to(self._task.device)
        else:
            index = torch.empty(0, dtype=torch.long, device=self._task.device)
        return speech.crops(index, self._task.schedule.crop, self._generator), index

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


def _apportion(size: int, weights: Mapping[Part, float]) -> dict[Part, int]:
    """Divide `size` in proportion to `weights`: at least one each, the largest takes the rest."""
    total = sum(weights.values())
    counts = {part: max(1, round(size * weight / total)) for part, weight in weights.items()}
    largest = max(counts, key=lambda part: counts[part])
    counts[largest] = max(1, counts[largest] + size - sum(counts.values()))
    return counts
