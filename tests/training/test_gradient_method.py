"""Training and prediction of a gradient-based method."""

from dataclasses import replace
from typing import ClassVar

import pytest
import torch
from tests.tasks import CLASSES, SHORT, labelled, same_weights, small_task, unheard
from tests.training.methods import EntropyMinimisation, Supervised, both_tracks, weights_after
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from xlser.backbones.audiontt import AudioNTT512
from xlser.errors import MethodError
from xlser.methods import Labelled, Predictor, Task, Track
from xlser.training import (
    GradientMethod,
    ModelPredictor,
    Step,
    floored,
    new_model,
    train_source_model,
)


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
