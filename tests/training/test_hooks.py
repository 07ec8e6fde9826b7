"""Hooks of a gradient-based method, and the modules that it makes in `setup`."""

import pytest
import torch
from tests.tasks import CLASSES, SHORT, same_weights, small_task, unheard
from tests.training.methods import SourceOnly, Supervised, both_tracks, weights_after
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from xlser.methods import Predictor, Speech, Task, Track
from xlser.training import GradientMethod, Step, embed, train_source_model


class WithModules(GradientMethod):
    """Makes two modules beside the model, one of them frozen."""

    name = "with-modules"
    target_labels = "few"

    def setup(self, task: Task) -> None:
        self.projection = nn.Linear(len(task.classes), len(task.classes))
        self.fixed = nn.Linear(len(task.classes), len(task.classes)).requires_grad_(False)
        self.before = {k: v.clone() for k, v in self.projection.state_dict().items()}
        self.fixed_before = {k: v.clone() for k, v in self.fixed.state_dict().items()}

    def loss(self, step: Step) -> Tensor:
        logits = self.fixed(self.projection(self.model(step.labelled.speech)))
        return cross_entropy(logits, step.labelled.emotion)


def test_modules_made_in_setup_are_trained_unless_frozen() -> None:
    method = WithModules()
    method.fit(small_task("frozen"))
    assert not same_weights(method.projection.state_dict(), method.before)
    assert same_weights(method.fixed.state_dict(), method.fixed_before)


def test_a_frozen_part_of_the_model_stays_as_stage_source_left_it() -> None:
    class HeadOnly(Supervised):
        def setup(self, task: Task) -> None:
            self.model.encoder.requires_grad_(False)

    task = small_task("frozen")
    source_model, trained = train_source_model(task), weights_after(HeadOnly(), task)
    changed = {name for name in trained if not torch.equal(trained[name], source_model[name])}
    assert changed == {"head.weight", "head.bias"}


def test_a_module_set_under_two_names_is_trained_once() -> None:
    class Shorthand(Supervised):
        def setup(self, task: Task) -> None:
            self.encoder = self.model.encoder

    task = small_task("frozen")
    assert same_weights(weights_after(Shorthand(), task), weights_after(Supervised(), task))


class Eventful(Supervised):
    """Notes what is called, in order, and in what mode and with what weights."""

    def setup(self, task: Task) -> None:
        self.events: list[str] = ["setup"]
        self.in_training: list[bool] = []
        self.moved: list[bool] = []

    def before_epoch(self, task: Task, epoch: int) -> None:
        assert len(embed(self.model, task.target_unlabelled)) == 30  # leaves it in evaluation
        self.events.append(f"epoch {epoch}")

    def loss(self, step: Step) -> Tensor:
        self.events.append("loss")
        self.in_training.append(self.model.training and self.model.encoder.training)
        self._weight = self.model.head.weight.detach().clone()
        return super().loss(step)

    def after_step(self) -> None:
        self.events.append("after")
        self.moved.append(not torch.equal(self.model.head.weight, self._weight))


@both_tracks
def test_hooks_are_called_before_every_epoch_and_after_every_step(track: Track) -> None:
    method = Eventful()
    method.fit(small_task(track))  # 80 utterances in batches of 16
    expected = ["setup"]
    for epoch in range(SHORT.epochs):
        expected += [f"epoch {epoch}", *["loss", "after"] * 5]
    assert method.events == expected


@both_tracks
def test_a_model_looked_at_between_epochs_goes_on_training(track: Track) -> None:
    method = Eventful()
    method.fit(small_task(track))
    assert all(method.in_training)


def test_after_a_step_the_weights_have_moved() -> None:
    method = Eventful()
    method.fit(small_task("frozen"))
    assert all(method.moved)


@both_tracks
def test_looking_at_the_model_between_epochs_changes_nothing(track: Track) -> None:
    task = small_task(track)
    assert same_weights(weights_after(Eventful(), task), weights_after(Supervised(), task))


def test_no_hook_is_called_in_stage_source() -> None:
    class Failing(SourceOnly):
        def setup(self, task: Task) -> None:
            raise AssertionError

        before_epoch = after_step = loss = setup

    Failing().fit(small_task("frozen"))


def test_what_predicts_is_the_methods_own_choice() -> None:
    class Constant:
        def predict(self, speech: Speech) -> Tensor:
            return torch.full((len(speech), len(CLASSES)), 0.2)

    class Indifferent(Supervised):
        def predictor(self, task: Task) -> Predictor:
            assert torch.equal(task.target_labelled.emotion, torch.arange(5).repeat(2))
            self.trained = {k: v.clone() for k, v in self.model.state_dict().items()}
            return Constant()

    task, speech = small_task("frozen"), unheard("frozen").speech
    method = Indifferent()
    assert (method.fit(task).predict(speech) == 0.2).all()
    assert same_weights(method.trained, weights_after(Supervised(), task))


class WithGuide(Supervised):
    """Holds a frozen module with batch norm, in the mode asked for."""

    guide_trains: bool = False

    def setup(self, task: Task) -> None:
        self.guide = nn.Sequential(nn.Linear(len(task.classes), 4), nn.BatchNorm1d(4))
        self.guide.requires_grad_(False).train(self.guide_trains)
        self.before = {k: v.clone() for k, v in self.guide.state_dict().items()}
        self.modes: set[bool] = set()

    def loss(self, step: Step) -> Tensor:
        logits = self.model(step.labelled.speech)
        self.modes.add(self.guide.training)
        return cross_entropy(logits, step.labelled.emotion) + self.guide(logits).square().mean()


@pytest.mark.parametrize("trains", [False, True])
def test_a_frozen_module_keeps_its_mode_and_its_weights(trains: bool) -> None:
    method = WithGuide(guide_trains=trains)
    method.fit(small_task("frozen"))
    assert method.modes == {trains}
    for name, value in method.guide.state_dict().items():
        # In evaluation mode not even the running statistics move.
        assert torch.equal(value, method.before[name]) or (trains and "1." in name)
    assert not any(p.requires_grad for p in method.guide.parameters())
