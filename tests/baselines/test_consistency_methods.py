"""Methods in which one view, or one model, teaches another."""

import math
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from tests.baselines.steps import (
    NEVER,
    batch_of,
    echo,
    emotion_loss,
    gradients,
    gradients_of,
    half_life,
    loss_of,
    passed,
    ready,
    step_of,
    without_unlabelled,
)
from tests.tasks import same_weights, small_task, unheard
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from xlser.training import GradientMethod, ModelPredictor, Step, align, strong_view, together
from xlser_baselines.adamatch import AdaMatch
from xlser_baselines.fixmatch import FixMatch
from xlser_baselines.flexmatch import FlexMatch
from xlser_baselines.freematch import FreeMatch, unfairness
from xlser_baselines.mean_teacher import MeanTeacherMethod
from xlser_baselines.mixmatch import MixMatch
from xlser_baselines.softmatch import SoftMatch

SEED = 11
UNDECIDED = torch.zeros(6, 5)  # logits of six utterances


def strong_of(step: Step) -> Tensor:
    """The strong view of a step's unlabelled speech under the seed that `loss_of` uses."""
    torch.manual_seed(SEED)
    return strong_view(step.unlabelled.speech)


def views(method: GradientMethod, step: Step) -> tuple[Tensor, Tensor, Tensor]:
    """Logits of labelled speech, of weak and of strong views, passed together."""
    parts = (step.labelled.speech, step.unlabelled.speech, strong_of(step))
    return tuple(passed(method, *parts))


KEEPING_ALL = [
    FlexMatch(),  # its thresholds begin at 0
    FreeMatch(fairness=0.0, half_life=NEVER),  # its threshold stays at 1 / classes
    SoftMatch(half_life=NEVER),  # its mean stays at 1 / classes
    FixMatch(tau=0.0),
]


@pytest.mark.parametrize("method", KEEPING_ALL, ids=lambda m: m.name)
def test_answers_to_weak_views_teach_strong_ones(method: GradientMethod) -> None:
    step = step_of(method, ready(method))
    labelled, weak, strong = views(method, step)
    expected = cross_entropy(labelled, step.labelled.emotion) + cross_entropy(
        strong, weak.argmax(dim=1)
    )
    torch.testing.assert_close(loss_of(method, step, SEED), expected)


@pytest.mark.parametrize("tau", [0.25, 0.3])
def test_fixmatch_keeps_answers_that_reach_tau(tau: float) -> None:
    method = FixMatch(tau=tau)
    step = step_of(method, ready(method))
    labelled, weak, strong = views(method, step)
    kept = weak.softmax(dim=1).amax(dim=1) >= tau
    assert 0 < kept.sum() < len(kept)
    each = cross_entropy(strong, weak.argmax(dim=1), reduction="none")
    expected = cross_entropy(labelled, step.labelled.emotion) + (kept * each).mean()
    torch.testing.assert_close(loss_of(method, step, SEED), expected)


@pytest.mark.parametrize("method", KEEPING_ALL, ids=lambda m: m.name)
def test_a_weak_view_learns_nothing_from_its_own_answer(method: GradientMethod) -> None:
    step = step_of(method, ready(method, "frozen"))  # no batch norm lets the rows meet
    weak = step.unlabelled.speech.clone().requires_grad_(True)
    method.model.encoder.eval()
    watched = replace(step, unlabelled=replace(step.unlabelled, speech=weak))
    (through_both,) = torch.autograd.grad(loss_of(method, watched, SEED), weak)
    # All the gradient there is comes through the strong view, which is made from the weak one.
    logits = method.model(strong_of(watched))
    answers = method.model(weak).argmax(dim=1)
    (through_strong,) = torch.autograd.grad(cross_entropy(logits, answers), weak)
    assert through_strong.abs().max() > 1e-4
    torch.testing.assert_close(through_both, through_strong, atol=1e-6, rtol=1e-3)


@pytest.mark.parametrize(
    "method",
    [FixMatch(), FlexMatch(), FreeMatch(), SoftMatch(), MeanTeacherMethod()],
    ids=lambda m: m.name,
)
def test_without_unlabelled_speech_the_labels_alone_teach(method: GradientMethod) -> None:
    step = without_unlabelled(step_of(method, ready(method)))
    torch.testing.assert_close(loss_of(method, step), emotion_loss(method, step))


# FlexMatch.


def test_flexmatch_counts_each_utterance_once() -> None:
    method = FlexMatch(tau=0.9)
    step = step_of(method, ready(method))  # 10 of 30 unlabelled utterances
    sure = torch.tensor([0.96, 0.01, 0.01, 0.01, 0.01]).expand(10, 5)
    unsure_of = torch.tensor([[0.3, 0.2, 0.2, 0.2, 0.1], [0.1, 0.3, 0.2, 0.2, 0.2]])
    two = batch_of(torch.zeros(0, 5), [], [], torch.zeros(2, 5))
    assert method.weigh(unsure_of, two).tolist() == [1.0, 1.0]
    for _ in range(3):
        assert method.weigh(sure, step).tolist() == [1.0] * 10
    # 10 sure answers against 20 utterances without one: 0.9 x 0.5 / 1.5 is 0.3 and no more.
    assert method.weigh(unsure_of - 0.001, two).tolist() == [0.0, 1.0]


# FreeMatch.


def fairness_of(method: FreeMatch, step: Step) -> float:
    """The fairness term of one step alone."""
    with_, without = deepcopy(method), deepcopy(method)
    with_.fairness, without.fairness = 1.0, 0.0
    return (loss_of(with_, step, SEED) - loss_of(without, step, SEED)).item()


def test_freematchs_fairness_compares_mean_answers_over_their_histograms() -> None:
    method = FreeMatch(half_life=half_life(0.1))
    step = step_of(method, ready(method))
    _, weak, strong = (logits.double().softmax(dim=1) for logits in views(method, step))
    best, answer = weak.max(dim=1)
    sure = 0.1 * 0.2 + 0.9 * best.mean()
    mean = 0.1 * 0.2 + 0.9 * weak.mean(dim=0)
    histogram = 0.1 * 0.2 + 0.9 * one_hot(answer, 5).double().mean(dim=0)
    kept = best >= (sure * mean / mean.max())[answer]
    assert 0 < kept.sum() < len(kept)
    of_kept = one_hot(strong[kept].argmax(dim=1), 5).double().mean(dim=0)
    a = mean / histogram / (mean / histogram).sum()
    b = torch.where(of_kept > 0, strong[kept].mean(dim=0) / of_kept, 0)
    expected = (a * (b / b.sum() + 1e-12).log()).sum().item()
    assert fairness_of(method, step) == pytest.approx(expected, rel=1e-4)


def test_freematchs_fairness_lets_a_class_without_kept_answers_count_for_nothing() -> None:
    uniform = torch.full((3,), 1 / 3)
    # Four of five say anger, one fear, nobody happiness; the last answer is not kept.
    strong = torch.tensor([[0.8, 0.1, 0.1]] * 4 + [[0.2, 0.6, 0.2], [0.0, 0.0, 1.0]])
    strong.requires_grad_(True)
    kept = torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0, 0.0])
    value = unfairness(uniform, uniform, strong, kept)
    b = [0.68 / 0.8, 0.2 / 0.2]  # mean answers over histograms, of two classes
    shares = [x / sum(b) for x in b]
    expected = (math.log(shares[0]) + math.log(shares[1]) + math.log(1e-12)) / 3
    assert value.item() == pytest.approx(expected, rel=1e-5)
    (slope,) = torch.autograd.grad(value, strong)
    assert slope[:, 2].count_nonzero() == slope[5].count_nonzero() == 0
    assert (slope[:5, :2] != 0).all()


def test_freematchs_fairness_takes_a_class_that_the_usual_histogram_lacks_for_zero() -> None:
    strong, kept = torch.tensor([[0.7, 0.3], [0.4, 0.6]]), torch.ones(2)
    value = unfairness(torch.tensor([0.5, 0.5]), torch.tensor([1.0, 0.0]), strong, kept)
    assert value.item() == pytest.approx(math.log(0.55 / (0.55 + 0.45)), rel=1e-5)


def test_freematchs_fairness_is_zero_and_finite_when_nothing_is_kept() -> None:
    method = FreeMatch(half_life=1e-3, fairness=1.0)
    ready(method, "frozen")
    method.model = echo(5)
    emotion = [0, 1, 2, 3, 4, 0]
    sure = batch_of(UNDECIDED, emotion, [False] * 6, 20 * torch.eye(5))
    method.loss(sure)  # the threshold is near 1 for all classes now
    unsure = torch.zeros(6, 5, requires_grad=True)
    step = batch_of(UNDECIDED, emotion, [False] * 6, unsure)
    loss = loss_of(method, step)
    assert loss.item() == pytest.approx(math.log(5))  # nobody is kept
    (slope,) = torch.autograd.grad(loss, unsure)
    assert slope.count_nonzero() == 0


# SoftMatch.


def test_softmatch_weighs_by_confidence_after_alignment_and_teaches_the_plain_answer() -> None:
    method = SoftMatch(half_life=half_life(0.5))
    step = step_of(method, ready(method))
    labelled, weak, strong = views(method, step)
    p = weak.softmax(dim=1)
    aligned = p / p.mean(dim=0)  # the average begins with the first batch
    best = (aligned / aligned.sum(dim=1, keepdim=True)).amax(dim=1)
    mean, variance = (0.2 + best.mean()) / 2, (1 + best.var()) / 2
    weight = torch.exp(-((best - mean).clamp(max=0) ** 2) / (2 * variance / 4))
    each = cross_entropy(strong, p.argmax(dim=1), reduction="none")
    expected = cross_entropy(labelled, step.labelled.emotion) + (weight * each).mean()
    torch.testing.assert_close(loss_of(method, step, SEED), expected)


def test_softmatchs_weights_pass_no_gradient() -> None:
    method = SoftMatch(half_life=1e-3)
    step = step_of(method, ready(method))

    def with_weights_given(copied: SoftMatch) -> Tensor:
        strong = strong_view(step.unlabelled.speech)
        speech = torch.cat([step.labelled.speech, step.unlabelled.speech, strong])
        logits = copied.model(speech).split([len(step.labelled.emotion), 10, 10])
        p = logits[1].detach().softmax(dim=1)
        weight = copied.weigh(p, step)
        assert weight.min() < 0.9
        each = cross_entropy(logits[2], p.argmax(dim=1), reduction="none")
        return cross_entropy(logits[0], step.labelled.emotion) + (weight * each).mean()

    ours, expected = gradients(method, step), gradients_of(method, with_weights_given)
    for name, gradient in ours.items():
        torch.testing.assert_close(gradient, expected[name])


# AdaMatch.


@pytest.mark.parametrize(
    ("progress", "warmth"), [(0.0, 0.0), (0.125, 0.5 - math.cos(math.pi / 4) / 2), (0.6, 1.0)]
)
def test_adamatch_mixes_logits_aligns_answers_and_warms_up(progress: float, warmth: float) -> None:
    method = AdaMatch(tau=0.94, window=2, half_life=half_life(0.25, 0.6))
    step = step_of(method, ready(method), progress)
    emotion = step.labelled.emotion
    together, weak, strong = views(method, step)
    (alone,) = passed(method, step.labelled.speech)
    assert (alone - together).abs().max() > 0.01  # batch norm sees other batches
    torch.manual_seed(SEED)
    strong_view(step.unlabelled.speech)
    share = torch.rand(together.shape)
    mixed = share * together + (1 - share) * alone
    sources = step.labelled.sources
    assert 0 < sources < len(mixed)
    known, p = mixed[:sources].softmax(dim=1), weak.softmax(dim=1)
    stays = 0.25 ** (progress / 0.6)
    usual = stays * 0.2 + (1 - stays) * known.mean(dim=0)
    aligned = align(p, (0.2 + p.mean(dim=0)) / 2, usual)
    least = 0.94 * known.amax(dim=1).mean()
    kept = aligned.amax(dim=1) >= least
    assert 0 < kept.sum() < len(kept)
    assert not torch.equal(kept, p.amax(dim=1) >= least)
    each = cross_entropy(strong, aligned.argmax(dim=1), reduction="none")
    supervised = cross_entropy(mixed[:sources], emotion[:sources])
    supervised = supervised + cross_entropy(mixed[sources:], emotion[sources:])
    expected = supervised + warmth * (kept * each).mean()
    torch.testing.assert_close(loss_of(method, step, SEED), expected)


def test_adamatch_without_unlabelled_speech_is_supervised() -> None:
    method = AdaMatch()
    step = without_unlabelled(step_of(method, ready(method)))
    (logits,), sources = passed(method, step.labelled.speech), step.labelled.sources
    expected = cross_entropy(logits[:sources], step.labelled.emotion[:sources]) + cross_entropy(
        logits[sources:], step.labelled.emotion[sources:]
    )
    torch.testing.assert_close(loss_of(method, step), expected)


# Mean Teacher.


def shaken(method: MeanTeacherMethod) -> MeanTeacherMethod:
    """The method, its student a step away from its teacher."""
    with torch.no_grad():
        for p in method.model.parameters():
            p += 0.3 * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel()))
    return method


@pytest.mark.parametrize(
    ("progress", "warmth"), [(0.0, math.exp(-5)), (0.2, math.exp(-1.25)), (0.4, 1.0), (0.9, 1.0)]
)
def test_a_mean_teacher_is_matched_the_more_the_longer_the_training(
    progress: float, warmth: float
) -> None:
    method = MeanTeacherMethod(weight=7.0)
    task = ready(method)
    step = step_of(shaken(method), task, progress)
    labelled, student = passed(method, step.labelled.speech, strong_of(step))
    taught = method._teacher.network(step.unlabelled.speech)
    difference = (student.softmax(dim=1) - taught.softmax(dim=1)).square().mean()
    assert difference > 1e-3
    expected = cross_entropy(labelled, step.labelled.emotion) + 7 * warmth * difference
    torch.testing.assert_close(loss_of(method, step, SEED), expected)


def test_a_student_learns_from_unlabelled_speech_and_its_teacher_does_not() -> None:
    method = MeanTeacherMethod()
    task = ready(method)
    step = step_of(shaken(method), task)
    indifferent = deepcopy(method)
    indifferent.weight = 0.0
    with_, without = gradients(method, step), gradients(indifferent, step)
    for name, gradient in with_.items():
        assert (gradient - without[name]).abs().max() > 1e-3, name
    before = deepcopy(method._teacher.network.state_dict())
    method.loss(step).backward()
    assert all(p.grad is None for p in method._teacher.network.parameters())
    assert same_weights(method._teacher.network.state_dict(), before)


def test_an_average_of_students_predicts() -> None:
    class Noting(MeanTeacherMethod):
        def setup(self, task: object) -> None:
            super().setup(task)
            self.students: list[Tensor] = []

        def after_step(self) -> None:
            super().after_step()
            self.students.append(self.model.head.weight.detach().clone())

    task, speech = small_task("frozen"), unheard("frozen").speech
    method = Noting(decay=0.8)
    predictor = method.fit(task)
    average = method.students[0]
    for steps, student in enumerate(method.students[1:], start=1):
        decay = min(0.8, steps / (steps + 1))
        average = decay * average + (1 - decay) * student
    teacher = method._teacher.network
    torch.testing.assert_close(teacher.head.weight, average, atol=1e-5, rtol=1e-4)
    answer = predictor.predict(speech)
    assert torch.equal(answer, ModelPredictor(teacher).predict(speech))
    assert not torch.allclose(answer, ModelPredictor(method.model).predict(speech), atol=1e-3)


# MixMatch.


def mixmatch_by_hand(method: MixMatch, step: Step) -> Tensor:
    """MixMatch's loss, its draws in the method's order."""
    count = len(step.labelled.emotion)
    weak, strong = step.unlabelled.speech, strong_view(step.unlabelled.speech)
    with torch.no_grad():
        answers = method.model(torch.cat([weak, strong])).softmax(dim=1)
        mean = (answers[:10] + answers[10:]) / 2
        guess = mean.square() / mean.square().sum(dim=1, keepdim=True)
    speech = torch.cat([step.labelled.speech, weak, strong])
    wanted = torch.cat([one_hot(step.labelled.emotion, 5).float(), guess, guess])
    partner = torch.randperm(len(speech))
    share = method._share.sample()
    share = max(share.item(), 1 - share.item())
    assert 0.5 <= share < 1
    logits = method.model(share * speech + (1 - share) * speech[partner])
    wanted = share * wanted + (1 - share) * wanted[partner]
    supervised = -(wanted[:count] * logits[:count].log_softmax(dim=1)).sum(dim=1).mean()
    error = (logits[count:].softmax(dim=1) - wanted[count:]).square().mean()
    return supervised + method.weight * min(step.progress / 0.4, 1.0) * error


@pytest.mark.parametrize("progress", [0.0, 0.3, 0.4, 0.7])
def test_mixmatch_mixes_labels_and_sharpened_guesses(progress: float) -> None:
    method = MixMatch(weight=9.0)
    step = step_of(method, ready(method), progress)
    torch.manual_seed(SEED)
    expected = mixmatch_by_hand(deepcopy(method), step)
    torch.testing.assert_close(loss_of(method, step, SEED), expected, atol=1e-5, rtol=1e-5)


def test_mixmatchs_guesses_pass_no_gradient() -> None:
    method = MixMatch(weight=50.0)
    step = step_of(method, ready(method))
    expected = gradients_of(method, lambda copied: mixmatch_by_hand(copied, step), SEED)
    for name, gradient in gradients(method, step, SEED).items():
        torch.testing.assert_close(gradient, expected[name], atol=1e-5, rtol=1e-4)


def test_adamatch_keeps_the_batch_statistics_of_the_joint_pass_alone() -> None:
    method = AdaMatch()
    step = step_of(method, ready(method))
    norm = method.model.encoder.layers[1]
    method.loss(step)
    after_both = norm.running_mean.clone()

    again = AdaMatch()
    step = step_of(again, ready(again))
    weak = step.unlabelled.speech
    together(again.model, step.labelled.speech, weak, strong_view(weak))
    torch.testing.assert_close(after_both, again.model.encoder.layers[1].running_mean)


def test_a_mean_teacher_may_do_without_warm_up() -> None:
    MeanTeacherMethod(warm_up=0).fit(small_task("frozen"))
