"""Batches of random crops from the parts of a task, drawn without replacement."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from xlser.errors import MethodError
from xlser.methods import Attribute, PseudoLabels, Speech, Task
from xlser.methods.speech import not_reported

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
    """Utterances with their emotion, those of the source first.

    Attributes:
        speech: crops, shape (batch, frames, mels), or embeddings, shape (batch, dimension).
        emotion: shape (batch,), int64.
        sources: how many are of the source; the others are of the target.
        index: shape (batch,), int64: its place in `Task.source` or `Task.target_labelled`.
        attributes: those the method declares, shape (batch,), int64.
        languages: of the source utterances, shape (sources,), int64; None for a single one.
    """

    speech: Tensor
    emotion: Tensor
    sources: int
    index: Tensor
    attributes: Mapping[Attribute, Tensor]
    languages: Tensor | None = None

    @property
    def domain(self) -> Tensor:
        """Language of each utterance, shape (batch,), int64: 0, 1, ... of the source; -1: target.

        For losses over several source languages; with one of them it is 0.
        """
        domain = self.target.long().neg()
        if self.languages is not None:
            domain[: self.sources] = self.languages
        return domain

    @property
    def target(self) -> Tensor:
        """Whether an utterance is of the target language, shape (batch,), bool."""
        return torch.arange(len(self.index), device=self.index.device) >= self.sources


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
        reporting: `Task.report`.
    """

    labelled: LabelledBatch
    unlabelled: UnlabelledBatch
    progress: float
    reporting: Callable[[PseudoLabels], None] = not_reported

    @property
    def of_target(self) -> Tensor:
        """Whether a row is of the target language, shape (labelled + unlabelled,), bool."""
        index = self.labelled.index
        rows = len(index) + len(self.unlabelled.index)
        return torch.arange(rows, device=index.device) >= self.labelled.sources

    def report(self, answers: Tensor, weight: Tensor | None = None) -> None:
        """State what the unlabelled utterances are taken for; it changes nothing.

        The suite holds it against the true emotions, which methods do not see, and records how many
        pseudo-labels were kept and how right they were.

        Args:
            answers: class that each is taken for, shape (unlabelled,), int64.
            weight: how much each counts, shape (unlabelled,), 0 to 1; None: all count.
        """
        index = self.unlabelled.index
        counts = torch.ones_like(index, dtype=torch.float32) if weight is None else weight
        self.reporting(PseudoLabels(index, answers, counts.detach(), self.progress))

    def without_unlabelled(self) -> "Step":
        """Return the same step with no unlabelled utterance."""
        unlabelled = self.unlabelled
        nobody = UnlabelledBatch(
            speech=unlabelled.speech[:0],
            index=unlabelled.index[:0],
            attributes={name: of[:0] for name, of in unlabelled.attributes.items()},
        )
        return replace(self, unlabelled=nobody)

    def by_domain(self, labelled: Tensor, unlabelled: Tensor) -> tuple[Tensor, Tensor]:
        """Return the rows of the source and those of the target, labelled ones first.

        Args:
            labelled: outputs for the labelled speech, shape (labelled, ...).
            unlabelled: outputs for the unlabelled speech, shape (unlabelled, ...).
        """
        sources = self.labelled.sources
        source, target = labelled.split_with_sizes([sources, len(labelled) - sources])
        return source, joined(target, unlabelled)


class Batches:
    """Draws batches of a fixed composition.

    Each part is gone through in a random order, again and again. Without `shares`, a part
    supplies in proportion to its size, so an epoch goes through the union of all parts once,
    unless the schedule states its batches; a part that is there supplies at least one utterance to
    every batch.

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
        self.steps = task.schedule.batches_an_epoch(max(1, round(total / size)))
        self.counts = _apportion(size, {part: weights[part] for part in drawn})
        parts = [task.source.speech, task.target_labelled.speech, task.target_unlabelled]
        self._parts = [
            _Part(speech, self.counts.get(part, 0), task.schedule.crop, generator)
            for part, speech in zip(sizes, parts, strict=True)
        ]
        self._batches = self._drawn()

    def draw(self, progress: float) -> Step:
        """Return the next batch."""
        task = self._task
        source, target, unlabelled = next(self._batches)
        labelled = LabelledBatch(
            speech=joined(source.speech, target.speech),
            emotion=joined(
                task.source.emotion[source.index], task.target_labelled.emotion[target.index]
            ),
            sources=len(source.index),
            index=joined(source.index, target.index),
            attributes={
                name: joined(of, target.attributes[name]) for name, of in source.attributes.items()
            },
            languages=None if task.source.domain is None else task.source.domain[source.index],
        )
        return Step(labelled, unlabelled, progress, task.report)

    def _drawn(self) -> Iterator[tuple[UnlabelledBatch, ...]]:
        """Yield what each part supplies to a batch, an epoch's draws being made at its start."""
        while True:
            for _ in range(self.steps):
                for part in self._parts:
                    part.draw()
            yield from zip(*(part.supply() for part in self._parts), strict=True)


class _Part:
    """One part of a task, gone through in a random order, again and again.

    Args:
        speech: its utterances.
        count: how many of them make a batch.
        crop: frames of a crop.
        generator: of the order, and of where crops begin.
    """

    def __init__(self, speech: Speech, count: int, crop: int, generator: torch.Generator) -> None:
        self._speech = speech
        self._count = count
        self._crop = crop
        self._generator = generator
        self._waiting = torch.empty(0, dtype=torch.long)
        self._drawn: list[tuple[Tensor, Tensor]] = []

    def draw(self) -> None:
        """Draw who is in the next batch, and where the crops begin."""
        while len(self._waiting) < self._count:
            order = torch.randperm(len(self._speech), generator=self._generator)
            self._waiting = torch.cat([self._waiting, order])
        index, self._waiting = self._waiting[: self._count], self._waiting[self._count :]
        begins = torch.rand(0 if self._speech.embedded else self._count, generator=self._generator)
        self._drawn.append((index, begins))

    def supply(self) -> Iterator[UnlabelledBatch]:
        """Yield what was drawn; it goes to the device in one copy, which a GPU has to wait for."""
        speech, device = self._speech, self._speech.features.device
        rows = [torch.stack(drawn).to(device) for drawn in zip(*self._drawn, strict=True)]
        self._drawn.clear()
        for index, begins in zip(*rows, strict=True):
            yield UnlabelledBatch(
                speech=speech.crops(index, self._crop, begins),
                index=index,
                attributes={name: of[index] for name, of in speech.attributes.items()},
            )


def joined(*parts: Tensor) -> Tensor:
    """Concatenate the parts; without a copy if only one of them has rows."""
    there = [part for part in parts if len(part)]
    return torch.cat(there) if len(there) > 1 else (there or parts)[0]


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
