"""A sound method for tests to change, and the names of the checks that it fails."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from xlser.conformance import Report
from xlser.methods import Method, Predictor, Speech, Task


class NearestMean(Method):
    """A sound method: the class mean that is nearest to an utterance's mean row."""

    name = "nearest-mean"
    target_labels = "few"
    citation = "Example (2024)"
    tracks = ("frozen",)
    scale: float = 1.0

    def fit(self, task: Task) -> Predictor:
        rows = torch.cat([mean_rows(p.speech) for p in (task.source, task.target_labelled)])
        emotion = torch.cat([task.source.emotion, task.target_labelled.emotion])
        self.means = torch.stack([rows[emotion == c].mean(dim=0) for c in range(5)])
        self.learn(task)
        return self

    def learn(self, task: Task) -> None:
        """Where subclasses go wrong."""

    def predict(self, speech: Speech) -> Tensor:
        distances = torch.cdist(mean_rows(speech), self.means)
        return (-self.scale * distances).softmax(dim=1)


def mean_rows(speech: Speech) -> Tensor:
    of_row = torch.repeat_interleave(torch.arange(len(speech)), speech.lengths)
    summed = torch.zeros(len(speech), speech.features.shape[1], dtype=torch.float32)
    return summed.index_add(0, of_row, speech.features.float()) / speech.lengths[:, None]


def like(method: type[Method], **changes: Any) -> type[Method]:
    """Return a subclass that states other facts."""
    return type(method.__name__, (method,), changes)


def failed(report: Report) -> set[str]:
    return {check.name for check in report.faults}
