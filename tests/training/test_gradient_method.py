from dataclasses import replace
from typing import ClassVar

import pytest
import torch
from tests.tasks import CLASSES, SHORT, labelled, nothing, same_weights, small_task, unheard
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from xlser.backbones.audiontt import AudioNTT512
from xlser.errors import MethodError
from xlser.methods import Labelled, Predictor, Speech, Task, Track
from xlser.training import (
    GradientMethod,
    ModelPredictor,
    Step,
    embed,
    floored,
    new_model,
    train_source_model,
)

TRACKS: tuple[Track, ...] = ("finetune", "frozen")
both_tracks = pytest.mark.parametrize("track", TRACKS)


class EntropyMinimisation(GradientMethod):
    name = "entropy-minimisation"
    target_labels = "few"
    weight: float = 0.1

    def loss(self, step: Step) -> Tensor:
        supervised = cross_entropy(self.model(step.labelled.speech), step.labelled.emotion)
        p = self.model(step.unlabelled.speech).softmax(-1)
        return supervised - self.weight * step.progress * (p * p.log()).sum(-1).mean()


class Supervised(GradientMethod):
    name = "supervised"
    target_labels = "few"


class SourceOnly(GradientMethod):
    name = "source-only"
    target_labels = "none"
    stages = ("source",)


def weights_after(method: GradientMethod, task: Task) -> dict[str, Tensor]:
    method.fit(task)
    return method.model.state_dict()


def accuracy(predictor: Predictor, heard: Labelled) -> float:
    answers = predictor.predict(heard.speech).argmax(dim=1)
    return (answers == heard.emotion).float().mean().item()


@both_tracks
def test_thirty_lines_of_a_plugin_train_on_either_track(track: Track) -> None:
    predictor = EntropyMinimisation(weight=0.3).fit(small_task(track))
    heard = unheard(track)
    probabilities = predictor.predict(heard.speech)
    assert probabilities.shape == (len(heard), len(CLASSES))
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(len(heard)))
    assert accuracy(predictor, heard) > 0.6


@both_tracks
def test_unlabelled_speech_matters_to_a_loss_that_uses_it(track: Track) -> None:
    task = small_task(track)
    with_entropy = weights_after(EntropyMinimisation(weight=0.3), task)
    assert not same_weights(with_entropy, weights_after(EntropyMinimisation(weight=0.0), task))


@both_tracks
def test_the_same_seed_gives_the_same_weights_bit_for_bit(track: Track) -> None:
    task = small_task(track)
    torch.manual_seed(1)
    one = weights_after(EntropyMinimisation(), task)
    torch.manual_seed(2)
    assert same_weights(weights_after(EntropyMinimisation(), task), one)


@both_tracks
def test_another_seed_gives_other_weights(track: Track) -> None:
    one, other = (weights_after(Supervised(), small_task(track, seed=s)) for s in (0, 1))
    assert not same_weights(one, other)


def test_training_leaves_the_global_generator_as_it_was() -> None:
    before = torch.random.get_rng_state()
    Supervised().fit(small_task("frozen"))
    assert torch.equal(torch.random.get_rng_state(), before)


@both_tracks
def test_the_source_model_depends_on_the_source_alone(track: Track) -> None:
    task = small_task(track)
    elsewhere = replace(
        task,
        source_validation=nothing(track),
        target_labelled=labelled(track, 5, seed=77, shift=-2.0),
        target_unlabelled=labelled(track, 3, seed=78, shift=4.0).speech,
    )
    assert same_weights(train_source_model(task), train_source_model(elsewhere))


@both_tracks
def test_the_source_model_follows_its_source_and_its_seed(track: Track) -> None:
    task = small_task(track)
    expected = train_source_model(task)
    others = (replace(task, seed=1), replace(task, source=labelled(track, 8, seed=99)))
    for other in others:
        assert not same_weights(train_source_model(other), expected)


@both_tracks
def test_a_method_of_stage_source_alone_is_the_source_model(track: Track) -> None:
    task = small_task(track)
    source_model = train_source_model(task)
    assert same_weights(weights_after(SourceOnly(), task), source_model)
    shared = replace(task, source_model=source_model)
    assert same_weights(weights_after(SourceOnly(), shared), source_model)


@both_tracks
def test_stage_target_starts_from_the_shared_source_model(track: Track) -> None:
    task = small_task(track)
    shared = replace(task, source_model=train_source_model(task))
    assert same_weights(weights_after(Supervised(), shared), weights_after(Supervised(), task))
    other = replace(task, source_model=train_source_model(replace(task, seed=5)))
    assert not same_weights(weights_after(Supervised(), other), weights_after(Supervised(), task))


def test_training_leaves_the_shared_source_model_alone() -> None:
    task = small_task("frozen")
    shared = train_source_model(task)
    before = {name: value.clone() for name, value in shared.items()}
    Supervised().fit(replace(task, source_model=shared))
    assert same_weights(shared, before)


def test_a_source_model_is_asked_for_where_stage_source_is_gone_through() -> None:
    class TargetOnly(GradientMethod):
        stages = ("target",)

    assert (Supervised.needs_source_model, SourceOnly.needs_source_model) == (True, True)
    assert not TargetOnly.needs_source_model


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


class Drifting(GradientMethod):
    """Its loss has slope 1 everywhere, so each step of Adam is as long as the learning rate."""

    name = "drifting"
    target_labels = "none"
    stages = ("target",)
    seen: ClassVar[list[float]]

    def setup(self, task: Task) -> None:
        self.position = nn.ParameterList([nn.Parameter(torch.zeros((), dtype=torch.float64))])
        self.places: list[float] = []
        self.progress: list[float] = []

    def loss(self, step: Step) -> Tensor:
        self.places.append(self.position[0].item())
        self.progress.append(step.progress)
        return self.position[0].sum()


def test_the_learning_rate_decays_after_every_so_many_epochs() -> None:
    schedule = SHORT.model_copy(
        update={"epochs": 6, "learning_rate": 0.5, "decay": 0.1, "decay_every": 2, "batch": 40}
    )
    method = Drifting()
    method.fit(small_task("frozen", schedule=schedule))
    steps = [a - b for a, b in zip(method.places, method.places[1:], strict=False)]
    # 80 utterances in batches of 40: two steps an epoch.
    rates = [0.5] * 4 + [0.05] * 4 + [0.005] * 3
    assert steps == pytest.approx(rates, rel=1e-5)


def test_progress_of_a_step_is_the_share_of_the_training_done() -> None:
    method = Drifting()
    method.fit(small_task("frozen", schedule=SHORT.model_copy(update={"batch": 40})))
    assert method.progress == [0, 1 / 8, 2 / 8, 3 / 8, 4 / 8, 5 / 8, 6 / 8, 7 / 8]


def test_progress_of_the_training_is_shown_after_every_epoch_of_each_stage() -> None:
    shown: list[tuple[int, int]] = []
    Supervised().fit(small_task("frozen", progress=lambda done, n: shown.append((done, n))))
    assert shown == [(1, 4), (2, 4), (3, 4), (4, 4)] * 2


class Watching(Supervised):
    """Keeps the speech of every batch; draws some random numbers of its own, if told to."""

    draws: int = 0

    def setup(self, task: Task) -> None:
        torch.rand(self.draws)
        self.batches: list[Tensor] = []

    def loss(self, step: Step) -> Tensor:
        self.batches.append(torch.cat([step.labelled.speech, step.unlabelled.speech]))
        return super().loss(step)


def batches_seen(method: Watching, seed: int) -> Tensor:
    method.fit(small_task("frozen", seed=seed))
    return torch.stack(method.batches)


def test_every_method_is_served_the_same_batches() -> None:
    assert torch.equal(batches_seen(Watching(), 0), batches_seen(Watching(draws=9), 0))


def test_another_seed_serves_other_batches() -> None:
    assert not torch.equal(batches_seen(Watching(), 0), batches_seen(Watching(), 1))


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_names_its_epoch(number: float) -> None:
    class Diverging(Supervised):
        def loss(self, step: Step) -> Tensor:
            return super().loss(step) * (number if step.progress >= 0.5 else 1.0)

    with pytest.raises(MethodError, match=r"The loss was (nan|inf) in epoch 3\."):
        Diverging().fit(small_task("frozen"))


@pytest.mark.parametrize(("reduction", "got"), [("none", r"\(10,\)"), ("float", "float")])
def test_a_loss_that_is_no_scalar_tensor_is_an_error(reduction: str, got: str) -> None:
    class Unreduced(Supervised):
        def loss(self, step: Step) -> Tensor:
            logits = self.model(step.labelled.speech)
            if reduction == "float":
                return cross_entropy(logits, step.labelled.emotion).item()
            return cross_entropy(logits, step.labelled.emotion, reduction="none")

    with pytest.raises(MethodError, match=f"The loss is {got}, not a scalar tensor"):
        Unreduced().fit(small_task("frozen"))


@both_tracks
def test_predictions_depend_on_no_other_utterance(track: Track) -> None:
    predictor, speech = Supervised().fit(small_task(track)), unheard(track).speech
    together = predictor.predict(speech)
    order = torch.randperm(len(speech), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(predictor.predict(speech[order]), together[order])
    for i in range(0, len(speech), 7):
        alone = predictor.predict(speech[torch.tensor([i])])
        torch.testing.assert_close(alone, together[i : i + 1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_published_network_trains_in_either_precision(precision: str) -> None:
    task = small_task("finetune", backbone=AudioNTT512, precision=precision)
    one_epoch = replace(
        task, schedule=SHORT.model_copy(update={"epochs": 1, "learning_rate": 1e-3})
    )
    method = Supervised()
    probabilities = method.fit(one_epoch).predict(unheard("finetune").speech)
    assert torch.isfinite(probabilities).all()
    assert probabilities.dtype == torch.float32
    assert all(p.dtype == torch.float32 for p in method.model.parameters())


def test_precision_is_heeded() -> None:
    task = small_task("finetune")
    one, other = (train_source_model(replace(task, precision=p)) for p in ("fp32", "bf16"))
    assert not same_weights(one, other)


def test_a_finetune_task_without_a_backbone_is_an_error() -> None:
    with pytest.raises(MethodError, match="holds no backbone"):
        Supervised().fit(small_task("finetune", backbone=None))


def test_the_frozen_track_standardises_by_the_source() -> None:
    task = small_task("frozen")
    features = task.source.speech.features
    adapter = new_model(task).encoder
    torch.testing.assert_close(adapter.mean, features.mean(dim=0))
    torch.testing.assert_close(adapter.std, floored(features.std(dim=0)))


def test_an_embedding_dimension_without_spread_does_no_harm() -> None:
    source = labelled("frozen", 8, seed=1)
    source.speech.features[:, 3] = 1.5
    predictor = ModelPredictor(new_model(small_task("frozen", source=source)))
    assert torch.isfinite(predictor.predict(source.speech)).all()


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
