"""Schedules that state their steps, and source utterances of several languages."""

from dataclasses import replace

import pytest
import torch
from tests.tasks import small_task
from torch import Tensor

from xlser.errors import InvalidProtocolError
from xlser.methods import Task
from xlser.protocols import Schedule
from xlser.training import GradientMethod, Step
from xlser.training.batches import Batches


class Counting(GradientMethod):
    name = "counting"
    target_labels = "few"
    stages = ("target",)

    def setup(self, task: Task) -> None:
        self.epochs: list[int] = []
        self.progress: list[float] = []

    def before_epoch(self, task: Task, epoch: int) -> None:
        self.epochs.append(epoch)

    def loss(self, step: Step) -> Tensor:
        self.progress.append(step.progress)
        return super().loss(step)


def test_a_stage_has_the_steps_stated_whatever_the_speech() -> None:
    schedule = Schedule(epochs=4, steps=12, batch=16, crop=16)
    method = Counting()
    method.fit(small_task("frozen", schedule=schedule))
    assert method.epochs == [0, 1, 2, 3]
    assert len(method.progress) == 12
    assert method.progress == pytest.approx([i / 12 for i in range(12)])


def test_without_steps_an_epoch_goes_through_all_speech() -> None:
    method = Counting()
    method.fit(small_task("frozen", schedule=Schedule(epochs=2, batch=16, crop=16)))
    assert len(method.progress) == 2 * 5  # 80 utterances


def test_steps_make_whole_epochs_and_are_stated_only_where_given() -> None:
    with pytest.raises(InvalidProtocolError, match="no multiple of epochs"):
        Schedule(epochs=3, steps=10)
    assert "steps" not in Schedule().stated()
    assert Schedule(epochs=5, steps=10).stated()["steps"] == 10


@pytest.mark.parametrize("several", [False, True])
def test_a_batch_has_the_language_of_each_utterance(several: bool) -> None:
    task = small_task("frozen")
    domain = torch.arange(len(task.source)) % 3 if several else None
    task = replace(task, source=replace(task.source, domain=domain))
    batch = Batches(task, None, torch.Generator().manual_seed(0)).draw(0.0).labelled
    expected = domain[batch.index[: batch.sources]] if several else torch.zeros(batch.sources)
    assert batch.domain[: batch.sources].tolist() == expected.tolist()
    assert set(batch.domain[batch.sources :].tolist()) == {-1}
