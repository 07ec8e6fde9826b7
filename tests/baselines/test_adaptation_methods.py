"""Methods of semi-supervised and source-free domain adaptation, on batches."""

import math
from copy import deepcopy

import pytest
import torch
from scipy.optimize import linear_sum_assignment
from tests.baselines.steps import (
    SmoothBackbone,
    batch_of,
    echo,
    embedded,
    emotion_loss,
    gradients,
    gradients_of,
    loss_of,
    passed,
    ready,
    step_of,
)
from tests.tasks import labelled, same_weights, small_task, task_for, unheard
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss, normalize

from xlser.backbones import get_backbone
from xlser.methods import Task
from xlser.training import (
    CosineHead,
    GradientMethod,
    Step,
    entropy,
    new_model,
    strong_view,
    take_statistics,
    transport_plan,
)
from xlser_baselines.adabn import AdaBN
from xlser_baselines.cdac import CDAC, pairwise_loss, same_largest
from xlser_baselines.deepjdot import DeepJDOT, joint_cost
from xlser_baselines.ent import EntropyMinimisation
from xlser_baselines.lower_bound import LowerBound
from xlser_baselines.mme import MinimaxEntropy
from xlser_baselines.shot import SHOT, centroid_labels, information_loss
from xlser_baselines.tent import TENT

SEED = 11


def parts_of(step: Step) -> tuple[Tensor, Tensor]:
    return step.labelled.speech, step.unlabelled.speech


# ENT.


def test_ent_adds_a_tenth_of_the_mean_entropy() -> None:
    method = EntropyMinimisation()
    ready(method, "frozen")
    method.model = echo(2)
    known = torch.tensor([[0.0, 0.0], [math.log(3), 0.0]])
    unlabelled = torch.tensor([[math.log(3), 0.0], [0.0, 0.0]])
    step = batch_of(known, [0, 1], [False, True], unlabelled)
    supervised = (math.log(2) + math.log(4)) / 2
    of_first = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    expected = supervised + 0.1 * (of_first + math.log(2)) / 2
    assert method.loss(step).item() == pytest.approx(expected)


# The classifier over directions, MME.


def test_a_cosine_head_divides_cosines_by_the_temperature() -> None:
    linear = nn.Linear(2, 2)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[3.0, 4.0], [0.0, -2.0]]))
    head = CosineHead(linear, temperature=0.05)
    z = torch.tensor([[5.0, 0.0], [0.0, 0.1]])
    expected = torch.tensor([[0.6, 0.0], [0.8, -1.0]]) / 0.05
    torch.testing.assert_close(head(z), expected)
    linear.weight.data.zero_()  # its own weights are copies
    torch.testing.assert_close(head(z), expected)


def minimax(method: GradientMethod, step: Step, sign: float) -> Tensor:
    labelled, unlabelled = parts_of(step)
    logits = method.model(torch.cat([labelled, unlabelled]))
    count = len(labelled)
    emotion = cross_entropy(logits[:count], step.labelled.emotion)
    return emotion + sign * 0.4 * entropy(logits[count:]).mean()


def test_mmes_classifier_raises_the_entropy_that_the_encoder_lowers() -> None:
    method = MinimaxEntropy(weight=0.4, temperature=0.5)
    step = step_of(method, ready(method))
    torch.testing.assert_close(loss_of(method, step), minimax(deepcopy(method), step, -1))
    ours = gradients(method, step)
    lowers, raises = (gradients_of(method, lambda m, s=s: minimax(m, step, s)) for s in (1, -1))
    assert ours.keys() >= {"model.head.prototypes"}
    for name, gradient in ours.items():
        expected = (lowers if name.startswith("model.encoder") else raises)[name]
        torch.testing.assert_close(gradient, expected, msg=name)
        assert (lowers[name] - raises[name]).abs().max() > 1e-4, name


def test_mmes_prototypes_begin_where_stage_source_has_left_the_classifier() -> None:
    method = MinimaxEntropy()
    ready(method)
    again = LowerBound()
    ready(again)  # the same draws
    expected = normalize(again.model.head.weight, dim=1)
    torch.testing.assert_close(method.model.head.prototypes, nn.Parameter(expected))


# CDAC.


def test_utterances_are_alike_whose_largest_dimensions_are_the_same_ones() -> None:
    z = torch.tensor([[5.0, 4.0, 1.0, 0.0], [3.0, 9.0, 2.0, 2.5], [1.0, 7.0, 8.0, 0.0]])
    assert same_largest(z, 2).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert same_largest(z, 9).tolist() == [[1, 1, 1]] * 3  # there are but four


def test_the_pairwise_loss_is_that_of_a_loop() -> None:
    torch.manual_seed(0)
    one, other = torch.randn(4, 3), torch.randn(4, 3)
    alike = (torch.rand(4, 4) < 0.5).float()
    p, q = one.softmax(dim=1).tolist(), other.softmax(dim=1).tolist()
    total = 0.0
    for i in range(4):
        for j in range(4):
            agreement = sum(a * b for a, b in zip(p[i], q[j], strict=True))
            total -= math.log(agreement if alike[i, j] else 1 - agreement)
    assert pairwise_loss(one, other, alike).item() == pytest.approx(total / 16, rel=1e-4)


@pytest.mark.parametrize(("progress", "warmth"), [(0.0, math.exp(-5)), (0.2, 0.2865), (0.5, 1.0)])
def test_cdac_clusters_against_its_classifier_teaches_and_is_consistent(
    progress: float, warmth: float
) -> None:
    method = CDAC(tau=0.3, temperature=1.0, largest=2)
    step = step_of(method, ready(method), progress)
    torch.manual_seed(SEED)
    weak = step.unlabelled.speech
    views = [weak, strong_view(weak), strong_view(weak)]
    alike = same_largest(deepcopy(method.model).eval().embed(weak), 2)
    assert 10 < alike.sum() < 100

    def loss(m: CDAC, sign: float) -> Tensor:
        z = m.model.embed(torch.cat([step.labelled.speech, *views]))
        labelled, plain, one, other = z.split([len(step.labelled.emotion), 10, 10, 10])
        p = m.model.head(plain).softmax(dim=1).detach()
        best, answer = p.max(dim=1)
        assert 0 < (best >= 0.3).sum() < 10
        each = cross_entropy(m.model.head(other), answer, reduction="none")
        answers = [m.model.head(view).softmax(dim=1) for view in (one, other)]
        return (
            cross_entropy(m.model.head(labelled), step.labelled.emotion)
            + sign * pairwise_loss(m.model.head(plain), m.model.head(one), alike)
            + ((best >= 0.3) * each).mean()
            + 30 * warmth * mse_loss(*answers)
        )

    expected = loss(deepcopy(method), -1)
    torch.testing.assert_close(loss_of(method, step, SEED), expected, atol=1e-4, rtol=1e-4)
    ours = gradients(method, step, SEED)
    with_, against = (gradients_of(method, lambda m, s=s: loss(m, s)) for s in (1, -1))
    for name, gradient in ours.items():
        expected = (with_ if name.startswith("model.encoder") else against)[name]
        torch.testing.assert_close(gradient, expected, atol=1e-4, rtol=1e-3, msg=name)


# SHOT.


def test_the_information_loss_is_least_where_answers_are_certain_and_of_all_classes() -> None:
    assert information_loss(1e3 * torch.eye(4)).item() == pytest.approx(-math.log(4), abs=1e-5)
    assert information_loss(torch.zeros(6, 4)).item() == pytest.approx(0, abs=1e-6)
    one_class = 1e3 * torch.tensor([[1.0, 0.0, 0.0, 0.0]] * 6)
    assert information_loss(one_class).item() == pytest.approx(0, abs=1e-5)


def test_centroids_correct_answers_and_leave_out_classes_nobody_answers() -> None:
    # Two directions; the last of the first three is answered wrongly, class 2 by nobody.
    z = torch.tensor([[9.0, 0.0], [8.0, 1.0], [9.0, 1.0], [0.0, 9.0], [1.0, 8.0]])
    p = torch.tensor(
        [[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.4, 0.5, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1]]
    )
    assert centroid_labels(z, p).tolist() == [0, 0, 0, 1, 1]


def test_shot_is_labels_information_and_pseudo_labels_under_a_frozen_classifier() -> None:
    method = SHOT()
    task = ready(method)
    step = step_of(method, task)
    assert step.labelled.sources == 0
    known, logits = passed(method, *parts_of(step))
    pseudo = method._pseudo[step.unlabelled.index]
    expected = cross_entropy(known, step.labelled.emotion) + information_loss(logits)
    torch.testing.assert_close(
        loss_of(method, step), expected + 0.3 * cross_entropy(logits, pseudo)
    )
    assert not any(p.requires_grad for p in method.model.head.parameters())


def test_shot_needs_no_source_speech_and_keeps_the_sources_classifier() -> None:
    task = small_task("frozen")
    method, source = SHOT(), LowerBound()
    method.fit(task)
    source.fit(task)
    assert same_weights(method.model.head.state_dict(), source.model.head.state_dict())
    assert not same_weights(method.model.encoder.state_dict(), source.model.encoder.state_dict())


# AdaBN, TENT.


def lying_elsewhere() -> Task:
    """A frozen task whose unlabelled target lies elsewhere and is wider."""
    other = labelled("frozen", 20, seed=4, shift=3.0).speech
    other.features.mul_(2)
    return task_for(AdaBN, "frozen", target_unlabelled=other)


def test_adabn_is_the_lower_bound_with_the_targets_statistics() -> None:
    task, speech = lying_elsewhere(), unheard("frozen").speech
    adapted, source = AdaBN(), LowerBound()
    answer, plain = (m.fit(task).predict(speech) for m in (adapted, source))
    assert not torch.allclose(answer, plain, atol=0.1)
    features = task.target_unlabelled.features
    torch.testing.assert_close(adapted.model.encoder.mean, features.mean(dim=0))
    weights = source.model.state_dict()
    for name in ("encoder.mean", "encoder.std"):
        weights[name] = adapted.model.state_dict()[name]
    assert same_weights(adapted.model.state_dict(), weights)


def test_the_twin_of_adabn_is_the_lower_bound() -> None:
    task, speech = lying_elsewhere(), unheard("frozen").speech
    expected = LowerBound().fit(task).predict(speech)
    assert torch.equal(AdaBN(twin=True).fit(task).predict(speech), expected)


@pytest.mark.parametrize("backbone", [SmoothBackbone, get_backbone("audiontt-512")])
def test_batch_norm_takes_the_plain_mean_over_the_targets_crops(backbone: type[nn.Module]) -> None:
    task = task_for(AdaBN, "finetune", backbone=backbone)
    torch.manual_seed(0)
    model = new_model(task)
    (norm, *_) = [m for m in model.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    (first, *_) = [m for m in model.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    seen: list[Tensor] = []
    model.encoder.register_forward_pre_hook(lambda _, x: seen.append(x[0]))
    before = {name: p.clone() for name, p in model.named_parameters()}
    take_statistics(model, task)
    assert [len(x) for x in seen] == [16, 14]
    if backbone is SmoothBackbone:
        means = [first(x.mean(dim=1)).mean(dim=0) for x in seen]
    else:
        means = [first(x[:, None].transpose(2, 3)).mean(dim=(0, 2, 3)) for x in seen]
    expected = torch.stack(means).mean(dim=0).detach()
    torch.testing.assert_close(norm.running_mean, expected, atol=1e-4, rtol=1e-3)
    assert norm.momentum == 0.1
    assert not norm.training
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())


def test_tent_trains_scale_and_shift_alone_and_lowers_the_entropy() -> None:
    task = lying_elsewhere()
    method, adabn = TENT(), AdaBN()
    method.fit(task)
    adabn.fit(task)
    adapter = method.model.encoder
    assert same_weights(adapter.adapter.state_dict(), adabn.model.encoder.state_dict())
    assert same_weights(method.model.head.state_dict(), adabn.model.head.state_dict())
    assert (adapter.scale - 1).abs().max() > 1e-3
    assert adapter.shift.abs().max() > 1e-3
    speech = task.target_unlabelled.features
    after, before = (entropy(m.model.eval()(speech)).mean() for m in (method, adabn))
    assert after < before


def test_tent_stops_after_its_steps() -> None:
    task = lying_elsewhere()
    adapted = TENT(updates=2)
    adapted.fit(task)
    assert adapted._done > 2
    moved = adapted.model.encoder.scale.detach() - 1
    # Adam moves by the learning rate a step, and on by what it remembers.
    assert 0 < moved.abs().max() < 0.02 * adapted._done
    speech = unheard("frozen").speech
    still = TENT(updates=0).fit(task).predict(speech)
    torch.testing.assert_close(still, AdaBN().fit(task).predict(speech))


# DeepJDOT.


def test_the_joint_cost_is_distance_and_cross_entropy() -> None:
    torch.manual_seed(0)
    source, target, logits = torch.randn(3, 4), torch.randn(2, 4), torch.randn(2, 5)
    emotion = torch.tensor([4, 0, 2])
    cost = joint_cost(source, target, emotion, logits, alpha=0.3, answers=2.0)
    for i in range(3):
        for j in range(2):
            distance = (source[i] - target[j]).square().sum().item()
            known = -logits[j].log_softmax(dim=0)[emotion[i]].item()
            assert cost[i, j].item() == pytest.approx(0.3 * distance + 2 * known, rel=1e-4)


def test_deepjdot_adds_the_cost_of_the_transport_and_passes_no_gradient_to_the_plan() -> None:
    method = DeepJDOT(alpha=0.2, blur=0.1)
    step = step_of(method, ready(method))
    sources = step.labelled.sources
    labelled_z, z = embedded(method, *parts_of(step))
    emotion = step.labelled.emotion[:sources]
    cost = joint_cost(labelled_z[:sources], z, emotion, method.model.head(z), 0.2, 1.0)
    plan = transport_plan(cost, 0.1, 50)

    def loss(m: DeepJDOT) -> Tensor:
        known, of_target = m.model.embed(torch.cat(parts_of(step))).split([30, 10])
        own = joint_cost(known[:sources], of_target, emotion, m.model.head(of_target), 0.2, 1.0)
        return cross_entropy(m.model.head(known), step.labelled.emotion) + (plan * own).sum()

    expected = emotion_loss(method, step, step.unlabelled.speech) + (plan * cost).sum()
    torch.testing.assert_close(loss_of(method, step), expected)
    ours, wanted = gradients(method, step), gradients_of(method, loss)
    for name, gradient in ours.items():
        torch.testing.assert_close(gradient, wanted[name], atol=1e-5, rtol=1e-3, msg=name)


# Transport.


def test_a_plan_of_two_by_two_is_the_closed_form() -> None:
    cost = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    stays = 0.5 / (1 + math.exp(-1 / (0.8 * 0.5)))  # the mean cost is a half
    expected = torch.tensor([[stays, 0.5 - stays], [0.5 - stays, stays]])
    torch.testing.assert_close(transport_plan(cost, blur=0.8, rounds=1), expected)


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4), (1, 5)])
def test_all_mass_is_moved_and_weighs_the_same(shape: tuple[int, int]) -> None:
    cost = torch.rand(shape, generator=torch.Generator().manual_seed(0)).double()
    plan = transport_plan(cost, blur=0.1, rounds=500)
    uniform = [torch.full((n,), 1 / n).double() for n in shape]
    torch.testing.assert_close(plan.sum(dim=1), uniform[0])
    torch.testing.assert_close(plan.sum(dim=0), uniform[1], atol=1e-6, rtol=1e-4)
    assert (plan >= 0).all()


def test_with_little_blur_a_plan_is_the_exact_assignment() -> None:
    cost = torch.rand(8, 8, generator=torch.Generator().manual_seed(3)).double()
    plan = transport_plan(cost, blur=0.002, rounds=5000)
    rows, columns = linear_sum_assignment(cost.numpy())
    assert plan.argmax(dim=1).tolist() == columns.tolist()
    assert (plan * cost).sum().item() == pytest.approx(cost[rows, columns].mean().item(), abs=1e-3)


def test_a_plan_without_any_cost_is_uniform() -> None:
    torch.testing.assert_close(
        transport_plan(torch.zeros(3, 4), 0.1, 5), torch.full((3, 4), 1 / 12)
    )
