"""CDAN and DANN: domain-adversarial training, by domain and by language."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.baselines.steps import loss_of, ready, step_of
from tests.tasks import labelled, nothing, same_weights, small_task
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from xlser.backbones import get_backbone
from xlser.methods import Track
from xlser.training import floored
from xlser_baselines.cdan import balanced, outer_product
from xlser_baselines.dann import DANN
from xlser_baselines.language_dann import LanguageDANN

TRACKS: tuple[Track, ...] = ("finetune", "frozen")
both_tracks = pytest.mark.parametrize("track", TRACKS)


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
