"""`keep=best`: the epoch that does best on the source's validation speech predicts."""

from dataclasses import replace

import pytest
import torch
from tests.tasks import nothing, small_task, task_for, unheard
from torch import Tensor, nn

from xlser.errors import MethodError
from xlser.methods import EpochScores, Schedule, Task, get_method, method_names
from xlser.training import GradientMethod, ModelPredictor, Step
from xlser_baselines.fixmatch import FixMatch
from xlser_baselines.sft import SupervisedFineTuning

EPOCHS = 6
TASK = small_task("frozen", schedule=Schedule(epochs=EPOCHS, batch=16, learning_rate=3e-3))


class Forgets(GradientMethod):
    """Learns, and from the fourth epoch on answers the first class to everything."""

    name = "forgets"
    target_labels = "few"
    citation = "none"

    def setup(self, task: Task) -> None:
        self.epoch = 0

    def before_epoch(self, task: Task, epoch: int) -> None:
        self.epoch = epoch

    def after_step(self) -> None:
        if self.epoch >= 3:
            nn.init.zeros_(self.model.head.weight)
            nn.init.constant_(self.model.head.bias, 0.0)
            self.model.head.bias.data[0] = 1.0


def watched(method: GradientMethod, task: Task = TASK) -> tuple[list[EpochScores], Tensor]:
    seen: list[EpochScores] = []
    fitted = method.fit(replace(task, watch=seen.append))
    return seen, fitted.predict(unheard("frozen").speech)


def test_the_best_epoch_predicts_and_every_epoch_is_reported() -> None:
    seen, kept = watched(Forgets(keep="best"))
    assert len(seen) == EPOCHS
    assert [epoch.ua for epoch in seen[3:]] == [0.2, 0.2, 0.2]
    assert max(epoch.ua for epoch in seen[:3]) > 0.5
    assert len(kept.argmax(dim=1).unique()) > 1
    nobody, last = watched(Forgets())
    assert not nobody
    assert (last.argmax(dim=1) == 0).all()


def test_it_is_the_first_of_the_best() -> None:
    """What a training of that many epochs gives, as looking draws nothing."""
    seen, kept = watched(get_method("sft")(keep="best"))
    best = max(range(EPOCHS), key=lambda epoch: seen[epoch].ua)
    answers = []

    class Stops(SupervisedFineTuning):
        def before_epoch(self, task: Task, epoch: int) -> None:
            if epoch == best + 1:
                answers.append(ModelPredictor(self.model).predict(unheard("frozen").speech))

    last = watched(Stops())[1]
    assert torch.equal(kept, answers[0] if answers else last)


@pytest.mark.parametrize("keep", ["last", "best"])
def test_looking_changes_no_training(keep: str) -> None:
    """The last epoch of a run that looked is that of a run that did not."""

    class Remembers(FixMatch):
        def loss(self, step: Step) -> Tensor:
            value: Tensor = super().loss(step)
            losses.append(value.item())
            return value

    losses: list[float] = []
    watched(Remembers(keep=keep))
    ours, losses = losses, []
    watched(Remembers())
    assert len(ours) > EPOCHS
    assert ours == losses


def trained_on_target() -> list[str]:
    kinds = {name: get_method(name) for name in method_names()}
    return [
        name
        for name, kind in kinds.items()
        if issubclass(kind, GradientMethod) and "target" in kind.stages
    ]


@pytest.mark.parametrize("name", trained_on_target())
def test_every_method_that_trains_on_the_target_can_keep_its_best_epoch(name: str) -> None:
    kind = get_method(name)
    task = task_for(kind, "frozen", schedule=TASK.schedule)
    seen, kept = watched(kind(keep="best"), task)
    assert len(seen) == EPOCHS
    best = max(range(EPOCHS), key=lambda epoch: seen[epoch].ua)
    known = task.source_validation
    refitted = kind(keep="best").fit(task)
    right = (refitted.predict(known.speech).argmax(dim=1) == known.emotion).float()
    assert right.mean().item() == pytest.approx(seen[best].accuracy, abs=1e-6)
    assert kept.shape == (50, 5)


def test_without_validation_speech_or_a_stage_to_choose_from_there_is_an_error() -> None:
    none = replace(TASK, source_validation=nothing("frozen"))
    with pytest.raises(MethodError, match="there is none"):
        watched(get_method("sft")(keep="best"), none)
    with pytest.raises(MethodError, match='no stage "target"'):
        watched(get_method("lower-bound")(keep="best"))


def test_records_state_it_where_it_is_set() -> None:
    sft = get_method("sft")
    assert sft().settings() == {}
    assert sft(keep="best").settings() == {"keep": "best"}
    assert sft(keep="best").changed_settings() == ("keep",)
