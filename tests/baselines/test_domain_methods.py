"""Methods that bring source and target together."""

import math
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import rbf_kernel
from tests.baselines.steps import (
    embedded,
    emotion_loss,
    loss_of,
    ready,
    step_of,
    without_unlabelled,
)
from tests.tasks import (
    labelled,
    nothing,
    same_weights,
    small_task,
    task_for,
    unheard,
    with_attributes,
)
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    normalize,
    one_hot,
)

from xlser.backbones import get_backbone
from xlser.methods import Task, Track
from xlser.training import Step, embed, floored, gradient_penalty, shots_of_each_class
from xlser_baselines.aggregated_multitask import AggregatedMultitask
from xlser_baselines.cada import CADA
from xlser_baselines.cdan import balanced, outer_product
from xlser_baselines.dan import DAN, discrepancy
from xlser_baselines.dann import DANN
from xlser_baselines.deep_coral import DeepCORAL, coral
from xlser_baselines.fluda import FLUDA, Metric
from xlser_baselines.gan_adaptation import GANAdaptation
from xlser_baselines.language_dann import LanguageDANN
from xlser_baselines.mcc import MCC, class_confusion

TRACKS: tuple[Track, ...] = ("finetune", "frozen")
both_tracks = pytest.mark.parametrize("track", TRACKS)


def cloud(count: int, seed: int, shift: float = 0.0, spread: float = 1.0) -> Tensor:
    """Features of six dimensions that hang together."""
    random = torch.Generator().manual_seed(seed)
    mixing = torch.randn(6, 6, generator=torch.Generator().manual_seed(99))
    return shift + spread * torch.randn(count, 6, generator=random) @ mixing


# Deep CORAL.


def test_coral_is_the_squared_distance_of_numpys_covariances() -> None:
    one, other = cloud(20, 0), cloud(12, 1, shift=3.0, spread=2.0)
    gap = np.cov(one.numpy().T) - np.cov(other.numpy().T)
    assert coral(one, other).item() == pytest.approx((gap**2).sum() / (4 * 6**2), rel=1e-4)


def test_coral_sees_spread_and_not_place() -> None:
    one = cloud(20, 0)
    assert coral(one, one + 5).item() == pytest.approx(0, abs=1e-6)
    assert coral(one, 2 * one) > 0.1


def test_corals_gradient_is_its_slope() -> None:
    exact = coral.__wrapped__  # before it is held to float32
    parts = [x.double().requires_grad_(True) for x in (cloud(5, 0), cloud(4, 1, spread=2.0))]
    assert torch.autograd.gradcheck(exact, parts)


@pytest.mark.parametrize("sizes", [(0, 5), (5, 0), (1, 5), (5, 1)])
def test_coral_of_fewer_than_two_is_zero(sizes: tuple[int, int]) -> None:
    assert coral(cloud(sizes[0], 0), cloud(sizes[1], 1)).item() == 0.0


def test_deep_coral_aligns_source_and_target_of_a_batch() -> None:
    method = DeepCORAL(weight=50.0)
    step = step_of(method, ready(method))
    source, target = step.by_domain(*embedded(method, step.labelled.speech, step.unlabelled.speech))
    assert (len(source), len(target)) == (20, 20)
    expected = emotion_loss(method, step, step.unlabelled.speech) + 50 * coral(source, target)
    torch.testing.assert_close(loss_of(method, step), expected)


# DAN.


def test_the_discrepancy_is_that_of_five_of_scikit_learns_kernels() -> None:
    one, other = cloud(15, 0), cloud(9, 1, shift=0.5)
    both = torch.cat([one, other]).double()
    width = torch.cdist(both, both).square().mean().item()
    expected = 0.0
    for factor in (0.25, 0.5, 1, 2, 4):
        gamma = 1 / (factor * width)
        within = rbf_kernel(one, gamma=gamma).mean() + rbf_kernel(other, gamma=gamma).mean()
        expected += within - 2 * rbf_kernel(one, other, gamma=gamma).mean()
    assert discrepancy(one, other).item() == pytest.approx(expected, rel=1e-3)
    assert discrepancy(other, one).item() == pytest.approx(expected, rel=1e-3)


def test_the_discrepancy_of_a_set_from_itself_is_zero() -> None:
    one = cloud(15, 0)
    assert discrepancy(one, one).item() == pytest.approx(0, abs=1e-5)
    assert discrepancy(one, one[torch.randperm(15)]).item() == pytest.approx(0, abs=1e-5)


def test_the_discrepancy_grows_with_the_shift_and_sees_spread() -> None:
    one = cloud(40, 0)
    shifted = [discrepancy(one, one + shift).item() for shift in (0.0, 0.5, 1.0, 2.0, 4.0)]
    assert shifted == sorted(shifted)
    assert shifted[1] > 1e-3
    assert discrepancy(one, 3 * one) > 1e-2


@pytest.mark.parametrize("sizes", [(0, 5), (5, 0), (0, 0)])
def test_the_discrepancy_from_nobody_is_zero(sizes: tuple[int, int]) -> None:
    assert discrepancy(cloud(sizes[0], 0), cloud(sizes[1], 1)).item() == 0.0


def test_the_discrepancy_of_equal_rows_has_a_finite_gradient() -> None:
    one = torch.ones(4, 6, requires_grad=True)
    discrepancy(one, torch.ones(3, 6)).backward()
    assert torch.isfinite(one.grad).all()


def test_dan_compares_source_and_target_of_a_batch() -> None:
    method = DAN(weight=2.0)
    step = step_of(method, ready(method))
    parts = embedded(method, step.labelled.speech, step.unlabelled.speech)
    distance = discrepancy(*step.by_domain(*parts))
    expected = emotion_loss(method, step, step.unlabelled.speech) + 2 * distance
    torch.testing.assert_close(loss_of(method, step), expected)


@pytest.mark.parametrize("function", [coral, discrepancy])
def test_differences_of_large_sums_are_taken_in_float32(function: Any) -> None:
    one, other = cloud(15, 0, shift=10.0), cloud(15, 1, shift=10.0)
    expected = function(one, other)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(function(one, other), expected)


# MCC.


def confusion_in_a_loop(logits: np.ndarray) -> float:
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    certainty = 1 + np.exp((p * np.log(p)).sum(axis=1))
    weight = len(p) * certainty / certainty.sum()
    classes, confused = p.shape[1], 0.0
    for one in range(classes):
        row = [
            sum(w * a[one] * a[other] for w, a in zip(weight, p, strict=True))
            for other in range(classes)
        ]
        confused += sum(row[other] for other in range(classes) if other != one) / sum(row)
    return confused / classes


def test_class_confusion_is_that_of_a_loop() -> None:
    logits = 2 * torch.randn(11, 5, generator=torch.Generator().manual_seed(0))
    expected = confusion_in_a_loop(logits.double().numpy())
    assert class_confusion(logits).item() == pytest.approx(expected, rel=1e-5)


def test_nothing_is_confused_where_every_class_is_answered_with_certainty() -> None:
    assert class_confusion(1e4 * torch.eye(5)).item() == pytest.approx(0, abs=1e-6)
    assert class_confusion(1e4 * torch.eye(5).repeat(3, 1)).item() == pytest.approx(0, abs=1e-6)


def test_everything_is_confused_where_all_answers_are_alike() -> None:
    assert class_confusion(torch.zeros(7, 5)).item() == pytest.approx(1 - 1 / 5)
    one_class = torch.tensor([[4.0, 0.0, 0.0, 0.0, 0.0]]).repeat(7, 1)
    assert class_confusion(one_class).item() == pytest.approx(1 - 1 / 5)


def test_class_confusion_of_certain_answers_has_a_finite_gradient() -> None:
    logits = (1e4 * torch.eye(5)[:3]).requires_grad_(True)
    class_confusion(logits).backward()
    assert torch.isfinite(logits.grad).all()


def test_mcc_looks_at_unlabelled_answers_softened() -> None:
    method = MCC(temperature=2.5)
    step = step_of(method, ready(method))
    with torch.no_grad():
        logits = method.model(torch.cat([step.labelled.speech, step.unlabelled.speech]))
    expected = emotion_loss(method, step, step.unlabelled.speech) + class_confusion(
        logits[len(step.labelled.emotion) :] / 2.5
    )
    torch.testing.assert_close(loss_of(method, step), expected)


# CDAN.


def test_an_outer_product_holds_every_product() -> None:
    z, p = torch.randn(4, 3), torch.randn(4, 2)
    expected = np.stack([np.outer(a, b).ravel() for a, b in zip(z.numpy(), p.numpy(), strict=True)])
    np.testing.assert_allclose(outer_product(z, p), expected, rtol=1e-6)


def test_an_outer_products_gradient_is_its_slope() -> None:
    z, p = (torch.randn(3, n, dtype=torch.float64, requires_grad=True) for n in (4, 2))
    assert torch.autograd.gradcheck(outer_product.__wrapped__, (z, p))


def test_balanced_weights_have_mean_one_in_either_domain() -> None:
    weight = torch.tensor([1.0, 2.0, 3.0, 1.2, 1.8])
    target = torch.tensor([False, False, False, True, True])
    result = balanced(weight, target)
    torch.testing.assert_close(result, torch.tensor([0.5, 1.0, 1.5, 0.8, 1.2]))


@pytest.mark.parametrize("of_target", [True, False])
def test_balanced_weights_of_one_domain_are_finite(of_target: bool) -> None:
    weight = torch.tensor([1.0, 3.0])
    result = balanced(weight, torch.tensor([of_target, of_target]))
    torch.testing.assert_close(result, torch.tensor([0.5, 1.5]))


# DANN, by domain and by language.


@both_tracks
def test_language_dann_with_joint_batch_norm_is_dann_weight_for_weight(track: Track) -> None:
    backbone = {"backbone": get_backbone("audiontt-512")} if track == "finetune" else {}
    task = small_task(track, **backbone)
    short = replace(task, schedule=task.schedule.model_copy(update={"epochs": 1, "batch": 40}))
    states, heads = [], []
    methods = (DANN(), LanguageDANN(batch_norm="joint"), LanguageDANN(batch_norm="per-domain"))
    for method, head in zip(methods, ("domain", "language", "language"), strict=True):
        method.fit(short)
        states.append(method.model.state_dict())
        heads.append(getattr(method, head).state_dict())
    assert same_weights(states[0], states[1])
    assert same_weights(heads[0], heads[1])
    assert not same_weights(states[0], states[2])


def test_rows_keep_their_emotions_when_languages_pass_apart() -> None:
    # A model that has learnt its labelled rows by heart still knows whose they are.
    method = LanguageDANN()
    task = ready(method, "frozen")
    step = step_of(method, task, progress=0.0)
    optimiser = torch.optim.Adam(method.model.parameters(), lr=1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        method.loss(step).backward()
        optimiser.step()
    source, target = step.by_domain(step.labelled.speech, step.unlabelled.speech)
    method.model.eval()
    z = [method._statistics.embed_source(source), method._statistics.embed_target(target)]
    answers = method.model.head(torch.cat(z))[: len(step.labelled.emotion)].argmax(dim=1)
    assert (answers == step.labelled.emotion).float().mean() > 0.95


def test_languages_of_other_means_are_learnt_alike_on_the_frozen_track() -> None:
    # The target is the source, moved and scaled: to per-domain statistics it is the same.
    moved = [labelled("frozen", 6, seed=4), labelled("frozen", 10, seed=5)]
    for part in moved:
        part.speech.features.mul_(7).add_(30)
    unlabelled, no_labels = moved[0].speech, nothing("frozen")
    task = small_task("frozen", target_labelled=no_labels, target_unlabelled=unlabelled)
    predictor = LanguageDANN().fit(task)
    answers = predictor.predict(moved[1].speech).argmax(dim=1)
    assert (answers == moved[1].emotion).float().mean() > 0.8
    lost = LanguageDANN(batch_norm="joint").fit(task).predict(moved[1].speech).argmax(dim=1)
    assert (lost == moved[1].emotion).float().mean() < 0.6


def test_on_the_frozen_track_each_language_is_standardised_by_its_own_statistics() -> None:
    method = LanguageDANN()
    task = ready(method, "frozen", source=labelled("frozen", 8, seed=1, shift=5.0))
    method.model.encoder.eval()
    step = step_of(method, task)
    source = task.source.speech.features
    target = torch.cat([task.target_labelled.speech.features, task.target_unlabelled.features])
    parts = step.by_domain(step.labelled.speech, step.unlabelled.speech)
    of_domain = zip(parts, (source, target), strict=True)
    standard = [(rows - every.mean(dim=0)) / floored(every.std(dim=0)) for rows, every in of_domain]
    z = method.model.encoder.layers(torch.cat(standard))
    emotion = method.model.head(z)[: len(step.labelled.emotion)]
    domain = method.language(z)
    is_target = torch.cat([torch.zeros(len(parts[0])), torch.ones(len(parts[1]))])
    expected = cross_entropy(emotion, step.labelled.emotion)
    expected = expected + binary_cross_entropy_with_logits(domain, is_target)
    torch.testing.assert_close(loss_of(method, step), expected)


@pytest.mark.parametrize(("batch_norm", "targets"), [("per-domain", True), ("joint", False)])
def test_on_the_finetune_track_running_statistics_are_the_targets(
    batch_norm: str, targets: bool
) -> None:
    method = LanguageDANN(batch_norm=batch_norm)
    step = step_of(method, ready(method))
    _, target = step.by_domain(step.labelled.speech, step.unlabelled.speech)
    alone = deepcopy(method.model)
    alone(target)
    method.loss(step)
    kept = [model.encoder.layers[1].running_mean for model in (method.model, alone)]
    assert torch.allclose(*kept, atol=1e-6) == targets


# Aggregated multi-task learning.


def test_al_adds_the_weighted_losses_of_gender_and_naturalness() -> None:
    method = AggregatedMultitask(weight=0.4)
    step = step_of(method, ready(method))
    z = embedded(method, step.labelled.speech, step.unlabelled.speech)
    expected = cross_entropy(method.model.head(z[0]), step.labelled.emotion)
    for head, name in zip(method.heads, ("gender", "naturalness"), strict=True):
        told_ = torch.cat([step.labelled.attributes[name], step.unlabelled.attributes[name]])
        assert 0 < told_.sum() < len(told_)
        expected = expected + 0.4 * cross_entropy(head(torch.cat(z)), told_)
    torch.testing.assert_close(loss_of(method, step), expected)


def relabelled(task: Task, name: str, values: int) -> Task:
    """The task with one attribute of its unlabelled speech all the same."""
    of = task.target_unlabelled.attributes
    same = {**of, name: torch.full_like(of[name], values)}
    return replace(task, target_unlabelled=replace(task.target_unlabelled, attributes=same))


@pytest.mark.parametrize("name", ["gender", "naturalness"])
def test_al_listens_to_what_it_is_told_of_unlabelled_speech(name: str) -> None:
    task = task_for(AggregatedMultitask, "frozen")
    states = []
    for value in (0, 1):
        method = AggregatedMultitask()
        method.fit(relabelled(task, name, value))
        states.append(method.model.state_dict())
    assert not same_weights(*states)


def test_al_declares_what_it_is_told_and_cannot_do_without() -> None:
    assert AggregatedMultitask.attributes == ("gender", "naturalness")
    with pytest.raises(KeyError, match="naturalness"):
        AggregatedMultitask().fit(with_attributes(small_task("frozen"), ("gender",)))


# GAN adaptation.


def test_gan_adaptation_trains_both_encoders_from_the_same_weights() -> None:
    task = small_task("frozen")
    method = GANAdaptation()
    ready(method, "frozen")
    assert same_weights(method.source_encoder.state_dict(), method.model.encoder.state_dict())
    assert method.source_encoder is not method.model.encoder
    before = {k: v.clone() for k, v in method.model.encoder.state_dict().items()}
    method.fit(task)
    source, target = method.source_encoder.state_dict(), method.model.encoder.state_dict()
    weights = ("layers.0.weight", "layers.0.bias")
    for one, other in ((source, target), (source, before), (target, before)):
        assert not any(torch.equal(one[name], other[name]) for name in weights)


def test_the_target_encoder_predicts() -> None:
    task = small_task("frozen")
    method = GANAdaptation()
    predictor, speech = method.fit(task), unheard("frozen").speech
    with torch.no_grad():
        expected = method.model.head(embed(method.model.encoder, speech)).softmax(dim=1)
    torch.testing.assert_close(predictor.predict(speech), expected)


def adversarial_part(method: GANAdaptation, step: Step) -> float:
    """What the encoders are to lower beside the emotion loss."""
    indifferent = deepcopy(method)
    indifferent.weight = 0.0
    return (loss_of(method, step) - loss_of(indifferent, step)).item()


def test_a_critic_learns_to_see_a_distance_that_the_encoders_are_to_lower() -> None:
    method = GANAdaptation(critic_steps=5, penalty=10.0)
    task = ready(method, "frozen", target_unlabelled=labelled("frozen", 6, 4, shift=4.0).speech)
    step = step_of(method, task)
    for _ in range(20):
        method.loss(step)
    seen = adversarial_part(method, step)
    assert seen > 0.2
    # Down the gradient of the loss the distance shrinks, and on either side.
    method.critic_steps = 0
    for encoder in (method.source_encoder, method.model.encoder):
        optimiser = torch.optim.SGD(encoder.parameters(), lr=0.1)
        optimiser.zero_grad()
        method.loss(step).backward()
        optimiser.step()
        now = adversarial_part(method, step)
        assert now < seen
        seen = now


def steepness(penalty: float) -> float:
    """How far a critic's slope is from one after a hundred lessons on two sets apart."""
    method = GANAdaptation(penalty=penalty, critic_steps=100)
    apart = labelled("frozen", 6, 4, shift=4.0).speech
    task = ready(method, "frozen", target_unlabelled=apart, target_labelled=nothing("frozen"))
    method.model.encoder.eval(), method.source_encoder.eval()
    step = step_of(method, task)
    method.loss(step)
    source = method.source_encoder(step.labelled.speech)
    target = method.model.embed(step.unlabelled.speech)
    sets = (normalize(z.detach(), dim=1) for z in (source, target))
    return gradient_penalty(method._critic, *sets).item()


def test_the_penalty_holds_the_critics_slope_near_one() -> None:
    assert steepness(penalty=10.0) < 0.3
    assert steepness(penalty=0.0) > 3


def test_source_rows_pass_the_source_encoder_and_labelled_target_rows_the_targets() -> None:
    method = GANAdaptation(weight=0.0)
    step = step_of(method, ready(method, "frozen"))
    method.model.encoder.eval(), method.source_encoder.eval()
    with torch.no_grad():
        method.source_encoder.layers[0].weight.zero_()
        of_target = step.labelled.target
        z = torch.where(
            of_target[:, None],
            method.model.encoder(step.labelled.speech),
            method.source_encoder(step.labelled.speech),
        )
        expected = cross_entropy(method.model.head(z), step.labelled.emotion)
    torch.testing.assert_close(loss_of(method, step), expected)


def test_gan_adaptation_without_a_target_is_supervised() -> None:
    method = GANAdaptation()
    step = without_unlabelled(step_of(method, ready(method, target_labelled=nothing("finetune"))))
    assert not step.labelled.target.any()
    torch.testing.assert_close(loss_of(method, step), emotion_loss(method, step))


# CADA.


def test_cada_draws_unlabelled_speech_only_without_labels() -> None:
    elsewhere = {"target_unlabelled": labelled("frozen", 3, seed=60, shift=5.0).speech}

    def weights(**changes: Any) -> dict[str, Tensor]:
        method = CADA(tau=0.3)
        method.fit(small_task("frozen", **changes))
        return method.model.state_dict()

    assert same_weights(weights(), weights(**elsewhere))
    no_labels = {"target_labelled": nothing("frozen")}
    assert not same_weights(weights(**no_labels), weights(**no_labels, **elsewhere))


def heard_by_critic(method: CADA, step: Step) -> tuple[Tensor, Tensor]:
    """The critic's answers to source and target, which a hundred lessons taught it."""
    for _ in range(100):
        method.loss(step)
    parts = embedded(method, step.labelled.speech, step.unlabelled.speech)
    source, target = step.by_domain(*parts)
    return method._critic(source), method._critic(target)


def apart() -> dict[str, Any]:
    """A frozen task whose target lies apart, so that a critic can tell it."""
    return {
        "target_labelled": labelled("frozen", 2, seed=3, shift=3.0),
        "target_unlabelled": labelled("frozen", 6, seed=4, shift=3.0).speech,
    }


def test_cadas_critic_learns_class_and_domain_and_the_encoder_to_pass_for_the_source() -> None:
    method = CADA(weight=1.0)
    task = ready(method, "frozen", **apart())
    step = step_of(method, task)
    method.model.encoder.eval()
    of_source, of_target = heard_by_critic(method, step)
    emotion, target = step.labelled.emotion, step.labelled.target
    assert (of_source.argmax(dim=1) == emotion[~target]).float().mean() > 0.9
    assert (of_target.argmax(dim=1) == 5 + emotion[target]).float().mean() > 0.9
    # What the encoder is charged with is the target's distance from the source's class.
    z, _ = embedded(method, step.labelled.speech, step.unlabelled.speech)
    charged = loss_of(method, step) - emotion_loss(method, step)
    expected = cross_entropy(method._critic(z[target]), emotion[target])
    assert charged.item() == pytest.approx(expected.item(), rel=0.1)
    assert charged > 1


def test_cadas_sure_pseudo_labels_stand_in_for_labels() -> None:
    method = CADA(tau=0.6)
    task = ready(method, "frozen", **{**apart(), "target_labelled": nothing("frozen")})
    method.model.encoder.eval()
    with torch.no_grad():
        method.model.head.weight.mul_(5)
    step = step_of(method, task)
    _, of_target = heard_by_critic(method, step)
    z = embedded(method, step.labelled.speech, step.unlabelled.speech)[1]
    p = method.model.head(z).softmax(dim=1)
    sure = p.amax(dim=1) >= 0.6
    assert 4 < sure.sum() < len(sure)
    answers = of_target.argmax(dim=1) == 5 + p.argmax(dim=1)
    assert answers[sure].float().mean() > 0.9
    assert answers[~sure].float().mean() < answers[sure].float().mean()
    charged = loss_of(method, step) - emotion_loss(method, step)
    expected = cross_entropy(method._critic(z[sure]), p.argmax(dim=1)[sure])
    assert charged.item() == pytest.approx(expected.item(), rel=0.1)


def test_unsure_pseudo_labels_count_for_nothing() -> None:
    method = CADA(tau=1.01)
    step = step_of(method, ready(method, target_labelled=nothing("finetune")))
    expected = emotion_loss(method, step, step.unlabelled.speech)
    torch.testing.assert_close(loss_of(method, step), expected)


# FLUDA.


def of_pairs(metric: Metric, pairs: Tensor) -> Tensor:
    """The metric as the paper states it: layers over a class mean and an embedding, joined."""
    return metric.last(metric.first(pairs).relu())[..., 0]


def an_episode(shots: int, **changes: Any) -> tuple[FLUDA, Task, Step]:
    method = FLUDA(shots=shots)
    task = ready(method, "frozen", **changes)
    method.model.encoder.eval()
    return method, task, step_of(method, task)


@pytest.mark.parametrize("shots", [1, 2, 5])
def test_pseudo_labelled_queries_are_the_most_similar_of_each_class(shots: int) -> None:
    method, _, step = an_episode(shots)
    unlabelled = step.unlabelled.speech
    means = torch.randn(5, 256)
    z = method.model.embed(unlabelled).detach()
    logits = method.metric(means, z)
    expected: list[tuple[int, int]] = []
    for label in range(5):
        of_class = [row for row in range(len(z)) if logits[row].argmax() == label]
        of_class.sort(key=lambda row: -logits[row].max().item())
        expected += [(row, label) for row in of_class[:shots]]
    chosen, answers = method._most_similar(means, z)
    assert answers.tolist() == logits.argmax(dim=1).tolist()
    found = zip(chosen.tolist(), answers[chosen].tolist(), strict=True)
    assert list(found) == expected
    assert len({label for _, label in expected}) > 1


def test_the_queries_of_an_episode_are_those_labelled_in_the_one_before() -> None:
    method, _, step = an_episode(shots=2)
    assert method._pseudo is None
    method.loss(step)
    speech, emotion = method._pseudo
    assert len(speech) == len(emotion) > 0
    assert (torch.bincount(emotion, minlength=5) <= 2).all()
    rows = {tuple(row.tolist()) for row in step.unlabelled.speech}
    assert all(tuple(row.tolist()) in rows for row in speech)
    # With them the loss has a domain term more: an untrained head is as good as a coin.
    without = deepcopy(method)
    without._pseudo = None
    gain = loss_of(method, step) - loss_of(without, step)
    assert gain.item() == pytest.approx(math.log(2), abs=0.35)


def test_an_episode_is_the_squared_error_of_similarities_to_class_means() -> None:
    method, _, step = an_episode(shots=2)
    emotion = step.labelled.emotion
    z = method.model.embed(step.labelled.speech)

    def error(support: list[int], real: list[int]) -> Tensor:
        means = torch.zeros(5, 256)
        for label in emotion[support].unique().tolist():
            means[label] = z[[place for place in support if emotion[place] == label]].mean(dim=0)
        pairs = [torch.cat([means, z[place].expand(5, -1)], dim=1) for place in real]
        similarity = torch.sigmoid(of_pairs(method.metric, torch.stack(pairs)))
        return (similarity - one_hot(emotion[real], 5)).square().mean()

    counts = torch.bincount(emotion, minlength=5).tolist()
    assert max(counts) > 4  # so that support and queries are drawn from more than they need
    losses = {round(loss_of(method, step, seed).item(), 6) for seed in range(20)}
    assert len(losses) > 10
    # Everybody of two classes of four: two are support, two queries, whoever is drawn.
    first = [place for label in (0, 1) for place in torch.where(emotion == label)[0][:4].tolist()]
    few = replace(
        step,
        labelled=replace(
            step.labelled,
            speech=step.labelled.speech[first],
            emotion=emotion[first],
        ),
    )
    pairs = [(a, b) for a in range(4) for b in range(a)]
    possible = [
        error(
            [*(first[i] for i in one), *(first[4 + i] for i in other)],
            [
                *(first[i] for i in range(4) if i not in one),
                *(first[4 + i] for i in range(4) if i not in other),
            ],
        ).item()
        for one in pairs
        for other in pairs
    ]
    got = loss_of(method, few).item()
    assert min(abs(got - value) for value in possible) < 1e-5


def test_queries_of_the_second_episode_are_real_ones_and_those_pseudo_labelled() -> None:
    method, task, first = an_episode(shots=2)
    method.loss(first)
    speech, pseudo = method._pseudo
    step = step_of(method, task, seed=1)
    emotion = step.labelled.emotion
    torch.manual_seed(3)
    chosen = shots_of_each_class(emotion, 4, 5)
    support, real = chosen[0::2], chosen[1::2]
    with torch.no_grad():
        z = method.model.embed(step.labelled.speech)
        means = torch.stack([z[support][emotion[support] == c].mean(dim=0) for c in range(5)])
        queries = torch.cat([z[real], method.model.embed(speech)])
        wanted = one_hot(torch.cat([emotion[real], pseudo]), 5)
        similarity = torch.sigmoid(method.metric(means, queries))
        made_up = torch.cat([torch.zeros(len(real)), torch.ones(len(pseudo))])
        domain = binary_cross_entropy_with_logits(method.auxiliary(queries), made_up)
        expected = (similarity - wanted).square().mean() + domain
    torch.testing.assert_close(loss_of(method, step, seed=3), expected)


def test_the_nearest_class_mean_predicts_in_proportion_to_similarity() -> None:
    method = FLUDA()
    task = ready(method, "frozen", target_labelled=labelled("frozen", 2, seed=3, shift=2.0))
    speech = unheard("frozen").speech
    probabilities = method.predictor(task).predict(speech)
    parts = [(task.source.speech, task.source.emotion)]
    parts += [(task.target_labelled.speech, task.target_labelled.emotion)]
    of_language = []
    for part, emotion in parts:
        z = embed(method.model.encoder, part)
        of_language.append(torch.stack([z[emotion == label].mean(dim=0) for label in range(5)]))
    means = (of_language[0] + of_language[1]) / 2  # each language counts alike
    z = embed(method.model.encoder, speech)
    with torch.no_grad():
        pairs = [torch.cat([means, row.expand(5, -1)], dim=1) for row in z]
        similarity = torch.sigmoid(of_pairs(method.metric, torch.stack(pairs)))
    expected = similarity / similarity.sum(dim=1, keepdim=True)
    torch.testing.assert_close(probabilities, expected, atol=1e-5, rtol=1e-4)


def test_a_class_that_one_language_lacks_has_the_other_ones_mean() -> None:
    method = FLUDA()
    few = labelled("frozen", 2, seed=3, shift=2.0)
    without_fear = torch.where(few.emotion != 1)[0]
    target = replace(few, speech=few.speech[without_fear], emotion=few.emotion[without_fear])
    task = ready(method, "frozen", target_labelled=target)
    means = method.predictor(task)._network.means
    z = embed(method.model.encoder, task.source.speech)
    torch.testing.assert_close(means[1], z[task.source.emotion == 1].mean(dim=0))
    alone = ready(method, "frozen", target_labelled=nothing("frozen"))
    z = embed(method.model.encoder, alone.source.speech)
    of_source = torch.stack([z[alone.source.emotion == c].mean(dim=0) for c in range(5)])
    torch.testing.assert_close(method.predictor(alone)._network.means, of_source)
