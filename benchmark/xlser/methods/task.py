"""What a method is handed, and what it returns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

from xlser.methods.speech import Labelled, Speech
from xlser.methods.vocabulary import Precision, Track
from xlser.protocols import Schedule as Schedule  # a task has one: methods know it from here


@dataclass(frozen=True)
class Task:
    """All that a method is handed. What is not here a method may not see.

    Attributes:
        source: labelled speech of the source language (train speakers).
        source_validation: labelled speech of other source speakers, for choosing settings; may be
            empty.
        target_labelled: the target utterances within the label budget.
        target_unlabelled: the other train utterances of the target language.
        classes: emotions, in the order of class indices.
        seed: of this run.
        device: where the tensors are.
        track: fine-tune or frozen.
        schedule: epochs, batch, learning rate, crop; the same for every method.
        backbone: makes a backbone with its pretrained weights; None on the frozen track.
        source_model: weights of the shared model trained on `source` alone (stage 1), if the
            method asked for it.
        precision: of training.
        progress: call with (epochs done, epochs in all) to be shown.
        stacked: layers whose states an embedding holds, one after the other (a backbone with
            `#layers=all`); `xlser.training.WeightedLayers` sums them up.
    """

    source: Labelled
    source_validation: Labelled
    target_labelled: Labelled
    target_unlabelled: Speech
    classes: tuple[str, ...]
    seed: int
    device: torch.device
    track: Track
    schedule: Schedule
    backbone: Callable[[], nn.Module] | None = None
    source_model: Mapping[str, Tensor] | None = None
    precision: Precision = "fp32"
    progress: Callable[[int, int], None] = field(default=lambda done, total: None)
    stacked: int = 1


class Predictor(Protocol):
    """A fitted method."""

    def predict(self, speech: Speech) -> Tensor:
        """Return class probabilities, shape (utterances, classes), each row summing to one.

        A row may depend on that utterance alone, not on the others in `speech`.
        """
        ...
