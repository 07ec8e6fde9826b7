import math

import pytest
import torch
from tests.training.numerics import gradient, slopes
from torch import Tensor

from xlser.training import (
    HALF_LIFE,
    Average,
    CurriculumThreshold,
    SelfAdaptiveThreshold,
    SoftWeight,
    Window,
    align,
    confident,
    pseudo_label_loss,
    sharpen,
)

CPU = torch.device("cpu")


def answers(*rows: list[float]) -> Tensor:
    return torch.tensor(rows)


def sure_of(label: int, p: float, classes: int = 3) -> list[float]:
    """Probabilities of which `label` has p and the others alike."""
    return [p if c == label else (1 - p) / (classes - 1) for c in range(classes)]


# Which answers are kept.


@pytest.mark.parametrize("tau", [0.5, 0.65, 0.85, 0.9, 0.95])
def test_confident_keeps_what_reaches_tau_and_no_other(tau: float) -> None:
    just_below = tau - 1e-6
    p = answers(sure_of(0, tau), sure_of(1, just_below), sure_of(2, 0.99), sure_of(2, 0.4))
    assert confident(p, tau).tolist() == [1.0, 0.0, 1.0, 0.0]


def test_confident_takes_a_threshold_an_utterance() -> None:
    p = answers(sure_of(0, 0.6), sure_of(1, 0.6), sure_of(2, 0.6))
    assert confident(p, torch.tensor([0.5, 0.6, 0.7])).tolist() == [1.0, 1.0, 0.0]


def test_confident_of_nobody_is_nothing() -> None:
    assert confident(torch.zeros(0, 3), 0.5).shape == (0,)


def test_the_loss_is_the_weighted_mean_over_the_whole_batch() -> None:
    logits = answers([0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.25, 0.25, 0.5], [0.2, 0.2, 0.6]).log()
    teaching = answers([0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.9, 0.05, 0.05], [0.0, 0.0, 1.0])
    weight = torch.tensor([1.0, 0.5, 0.0, 1.0])
    expected = -(math.log(0.3) + 0.5 * math.log(0.8) + math.log(0.6)) / 4
    assert pseudo_label_loss(logits, teaching, weight).item() == pytest.approx(expected)


def test_the_loss_of_no_utterance_is_zero_without_harm() -> None:
    logits = torch.zeros(0, 3, requires_grad=True)
    loss = pseudo_label_loss(logits, torch.zeros(0, 3), torch.zeros(0))
    loss.backward()
    assert loss.item() == 0.0
    assert logits.grad.shape == (0, 3)


def test_the_gradient_of_the_loss_is_its_slope_and_passes_over_what_is_dropped() -> None:
    torch.manual_seed(0)
    logits, teaching = torch.randn(5, 4), torch.randn(5, 4).softmax(dim=1)
    weight = torch.tensor([1.0, 0.0, 0.3, 1.0, 0.0])

    def loss(x: Tensor) -> Tensor:
        return pseudo_label_loss(x, teaching, weight)

    ours = gradient(loss, logits)
    torch.testing.assert_close(ours, slopes(loss, logits, step=1e-2), atol=2e-4, rtol=1e-3)
    assert ours[weight == 0].count_nonzero() == 0
    # Closed form: weight x (softmax - one-hot) / batch.
    one_hot = torch.nn.functional.one_hot(teaching.argmax(dim=1), 4)
    closed = weight[:, None] * (logits.softmax(dim=1) - one_hot) / 5
    torch.testing.assert_close(ours, closed)


# What becomes of answers.


def test_sharpening_by_half_squares() -> None:
    p = answers([0.6, 0.3, 0.1])
    torch.testing.assert_close(sharpen(p, 0.5), answers([0.36, 0.09, 0.01]) / 0.46)


def test_sharpening_by_one_changes_nothing_and_by_little_leaves_the_largest() -> None:
    p = answers([0.6, 0.3, 0.1], [0.2, 0.4, 0.4])
    torch.testing.assert_close(sharpen(p, 1.0), p)
    expected = answers([1.0, 0.0, 0.0], [0.0, 0.5, 0.5])
    torch.testing.assert_close(sharpen(p, 0.01), expected, atol=1e-6, rtol=0)


def test_aligning_multiplies_by_the_ratio_and_normalises() -> None:
    p = answers([0.5, 0.5], [0.9, 0.1])
    aligned = align(p, torch.tensor([0.8, 0.2]), torch.tensor([0.5, 0.5]))
    expected = answers([0.3125, 1.25], [0.5625, 0.25])
    torch.testing.assert_close(aligned, expected / expected.sum(dim=1, keepdim=True))


def test_the_mean_answer_itself_becomes_the_one_wanted() -> None:
    ours, wanted = torch.tensor([0.7, 0.2, 0.1]), torch.tensor([0.1, 0.3, 0.6])
    torch.testing.assert_close(align(ours[None], ours, wanted), wanted[None])


def test_answers_of_the_mean_wanted_stay_as_they_are() -> None:
    p = torch.randn(6, 4).softmax(dim=1)
    uniform = torch.full((4,), 0.25)
    torch.testing.assert_close(align(p, uniform, uniform), p)
    torch.testing.assert_close(align(p, p.mean(dim=0), p.mean(dim=0)), p)


def test_a_class_never_answered_aligns_to_something_finite() -> None:
    p = answers([1.0, 0.0], [1.0, 0.0])
    aligned = align(p, p.mean(dim=0), torch.tensor([0.5, 0.5]))
    torch.testing.assert_close(aligned, p)


# What rules remember.


def test_an_average_keeps_its_share_of_the_old() -> None:
    average = Average(torch.tensor([0.5, 0.0]), half_life=0.1)
    after = average.update(torch.tensor([1.0, 1.0]), progress=0.1)
    torch.testing.assert_close(after, torch.tensor([0.75, 0.5]))
    after = average.update(torch.tensor([1.0, 0.0]), progress=0.3)  # two half-lives on
    torch.testing.assert_close(after, torch.tensor([0.9375, 0.125]))
    torch.testing.assert_close(average.value, torch.tensor([0.9375, 0.125]))


@pytest.mark.parametrize("steps", [100, 1_800, 102_400])
def test_an_average_forgets_as_fast_in_a_training_of_any_length(steps: int) -> None:
    average = Average(torch.tensor(1.0))
    for step in range(round(HALF_LIFE * steps) + 1):
        average.update(torch.tensor(0.0), step / steps)
    assert average.value.item() == pytest.approx(0.5, abs=0.15 if steps == 100 else 0.02)


def test_the_momentum_over_102400_steps_is_the_0999_of_usb() -> None:
    average = Average(torch.tensor(1.0))
    assert average.update(torch.tensor(0.0), 1 / 102_400).item() == pytest.approx(0.999, abs=5e-5)


def test_an_average_without_a_start_begins_with_the_first_tensor() -> None:
    average = Average(None, half_life=0.1)
    assert average.update(torch.tensor(3.0), progress=0.0).item() == 3.0
    assert average.update(torch.tensor(1.0), progress=0.1).item() == 2.0


def test_an_average_remembers_no_gradient() -> None:
    for start in (torch.zeros(2), None):
        average = Average(start)
        assert not average.update(torch.ones(2, requires_grad=True), 0.5).requires_grad


def test_a_window_is_the_mean_of_the_latest_and_of_its_start() -> None:
    window = Window(torch.tensor([1.0, 0.0]), length=2)
    means = [window.update(torch.tensor([x, 1.0])).tolist() for x in (3.0, 5.0, 7.0)]
    assert means == [[2.0, 0.5], [4.0, 1.0], [6.0, 1.0]]


def first_four_of_ten() -> CurriculumThreshold:
    """FlexMatch's rule after four of ten utterances: two sure of class 0, one of 1, one unsure."""
    rule = CurriculumThreshold(utterances=10, classes=3, tau=0.9, device=CPU)
    p = answers(sure_of(0, 0.95), sure_of(0, 0.99), sure_of(1, 0.9), sure_of(0, 0.6))
    assert rule(p, torch.arange(4)).tolist() == [1.0, 1.0, 1.0, 1.0]  # thresholds begin at 0
    return rule


def warped(learnt: float) -> float:
    return learnt / (2 - learnt)


def test_a_curriculum_keeps_everything_of_the_first_batch() -> None:
    rule = CurriculumThreshold(utterances=10, classes=3, tau=0.9, device=CPU)
    assert rule.thresholds().tolist() == [0.0, 0.0, 0.0]
    first_four_of_ten()


def test_utterances_without_a_sure_answer_are_the_measure_while_they_are_most() -> None:
    # 2, 1 and 0 sure answers against 7 utterances without one.
    expected = [0.9 * warped(2 / 7), 0.9 * warped(1 / 7), 0.0]
    assert first_four_of_ten().thresholds().tolist() == pytest.approx(expected)


def test_the_class_learnt_best_is_the_measure_once_it_leads() -> None:
    rule = first_four_of_ten()
    more = [*[sure_of(0, 0.95)] * 4, *[sure_of(1, 0.95)] * 2]
    rule(answers(*more), torch.arange(4, 10))
    # 6, 3 and 0 sure answers, one utterance without.
    assert rule.thresholds().tolist() == pytest.approx([0.9, 0.9 * warped(0.5), 0.0])


def test_a_class_fully_learnt_has_the_threshold_tau() -> None:
    rule = CurriculumThreshold(utterances=4, classes=3, tau=0.8, device=CPU)
    p = answers(*[sure_of(2, 0.8)] * 4)  # reaching tau is enough
    rule(p, torch.arange(4))
    assert rule.thresholds().tolist() == pytest.approx([0.0, 0.0, 0.8])
    assert rule(answers(sure_of(2, 0.8), sure_of(2, 0.79)), torch.arange(2)).tolist() == [1.0, 0.0]


def test_a_curriculum_judges_a_batch_before_it_takes_it_in() -> None:
    rule = CurriculumThreshold(utterances=4, classes=3, tau=0.9, device=CPU)
    batch = answers(*[sure_of(0, 0.95)] * 3, sure_of(0, 0.5))
    assert rule(batch, torch.arange(4)).tolist() == [1.0, 1.0, 1.0, 1.0]
    assert rule(batch, torch.arange(4)).tolist() == [1.0, 1.0, 1.0, 0.0]


def test_the_latest_sure_answer_counts_and_an_unsure_one_does_not_undo_it() -> None:
    rule = CurriculumThreshold(utterances=4, classes=3, tau=0.9, device=CPU)
    rule(answers(*[sure_of(0, 0.95)] * 4), torch.arange(4))
    rule(answers(sure_of(1, 0.95), sure_of(2, 0.6)), torch.tensor([0, 1]))
    # Utterance 0 is of class 1 now; utterance 1 stays with class 0.
    assert rule.thresholds().tolist() == pytest.approx([0.9, 0.9 * warped(1 / 3), 0.0])


def test_a_curriculum_over_nobody_keeps_nothing() -> None:
    rule = CurriculumThreshold(utterances=0, classes=3, tau=0.9, device=CPU)
    assert rule(torch.zeros(0, 3), torch.zeros(0, dtype=torch.long)).shape == (0,)
    assert rule.thresholds().tolist() == [0.0, 0.0, 0.0]


def test_a_self_adaptive_threshold_follows_confidence_and_classes() -> None:
    rule = SelfAdaptiveThreshold(classes=2, half_life=0.1, device=CPU)
    assert rule.thresholds().tolist() == [0.5, 0.5]
    kept = rule(answers([0.9, 0.1], [0.3, 0.7], [0.6, 0.4]), progress=0.1)
    # Mean max p 2.2 / 3, half way from 1/2; mean p (0.6, 0.4), half way from (1/2, 1/2).
    sure = (0.5 + 2.2 / 3) / 2
    assert rule.thresholds().tolist() == pytest.approx([sure, sure * 0.45 / 0.55])
    torch.testing.assert_close(rule.mean, torch.tensor([0.55, 0.45]))
    # 0.6 would have reached the threshold of before: the batch is taken in first.
    assert kept.tolist() == [1.0, 1.0, 0.0]


def test_a_rare_class_has_the_lower_self_adaptive_threshold() -> None:
    rule = SelfAdaptiveThreshold(classes=2, half_life=1e-6, device=CPU)
    batch = answers([0.95, 0.05], [0.95, 0.05], [0.95, 0.05], [0.45, 0.55], [0.6, 0.4])
    kept = rule(batch, progress=0.5)
    assert kept.tolist() == [1.0, 1.0, 1.0, 1.0, 0.0]


def test_no_answer_leaves_a_self_adaptive_threshold_as_it_was() -> None:
    rule = SelfAdaptiveThreshold(classes=4, half_life=0.1, device=CPU)
    assert rule(torch.zeros(0, 4), 0.5).shape == (0,)
    assert rule.thresholds().tolist() == [0.25] * 4


def test_a_soft_weight_is_a_gaussian_below_the_mean_and_one_above() -> None:
    rule = SoftWeight(classes=4, half_life=0.1, n=2.0, device=CPU)
    weight = rule(answers(sure_of(0, 0.9, 4), sure_of(1, 0.3, 4), sure_of(2, 0.6, 4)), 0.1)
    mean = (0.25 + 0.6) / 2  # half way from 1 / classes
    variance = (1 + 0.09) / 2  # half way from 1; (0.3^2 + 0.3^2) / (3 - 1)
    below = math.exp(-((0.3 - mean) ** 2) / (2 * variance / 4))
    assert weight.tolist() == pytest.approx([1.0, below, 1.0])
    assert below < 1


def test_n_narrows_a_soft_weight() -> None:
    batch = answers(sure_of(0, 0.99), sure_of(1, 0.4))
    wide, narrow = (SoftWeight(3, 1e-6, n, CPU)(batch, 0.5)[1] for n in (1.0, 2.0))
    # Without memory the lower of two answers lies 1 / sqrt(2) deviations below the mean.
    assert (wide.item(), narrow.item()) == pytest.approx((math.exp(-0.25), math.exp(-1.0)))


def test_a_single_answer_is_weighed_and_not_taken_in() -> None:
    rule = SoftWeight(classes=4, half_life=0.1, n=2.0, device=CPU)
    # 1 / 4 is where the mean starts.
    assert rule(answers(sure_of(0, 0.26, 4)), 0.05).tolist() == [1.0]
    rule(answers(sure_of(0, 0.9, 4), sure_of(1, 0.3, 4)), 0.1)
    mean, variance = (0.25 + 0.6) / 2, (1 + 0.18) / 2
    expected = math.exp(-((0.3 - mean) ** 2) / (2 * variance / 4))
    for _ in range(2):
        assert rule(answers(sure_of(3, 0.3, 4)), 0.2).tolist() == pytest.approx([expected])
