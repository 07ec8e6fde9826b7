"""Tests by exchange of speakers: against exchanges carried out by hand, and their error rates."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.results.test_statistics import drawn

from xlser.metrics import Metric, get_metric
from xlser.protocols import get_protocol
from xlser.results import LEVEL, Difference, adjusted_ps
from xlser.results.inference import exchange
from xlser.results.inference.bootstrap import Resampled, mean_of, resample
from xlser.results.inference.ranking import standing
from xlser.results.predictions import RowPredictions, TestUtterances, sums_by

V1 = get_protocol("v1")
UA, F1, ECE, BRIER = (get_metric(name, V1.classes) for name in ("ua", "macro-f1", "ece", "brier"))
EFFECTS = st.integers(1, 4).flatmap(
    lambda k: arrays(np.float64, (k, 6), elements=st.integers(-9, 9).map(float))
)


def by_hand(a: RowPredictions, b: RowPredictions, metric: Metric) -> float:
    """Exchange the answers of each subset of speakers, and count how often it moves as far.

    What trainings have by luck shortens what is seen.
    """
    (one, other), scores = resample([a, b], metric), []
    for exchanged in product([False, True], repeat=len(a.utterances.speakers)):
        taken = np.array(exchanged)[:, None]
        sums = np.stack([sums_by(a.utterances.cells.speaker, x.sums[0]) for x in (one, other)])
        swapped = np.where(taken, sums[::-1], sums)
        above, below = metric.value(swapped.sum(axis=1))
        scores.append(abs(above - below))
    seen = scores[0] / one.minus(other).spread.widening
    return float(np.mean(np.array(scores) >= seen - 1e-12))


@pytest.mark.parametrize("target", ["german", "italian"])
def test_p_is_the_share_of_exchanges_that_move_ua_as_far(target: str) -> None:
    a, b = drawn("v1", target)
    one, other = resample([a, b], UA)
    assert one.minus(other).p == pytest.approx(by_hand(a, b, UA))
    assert sum(one.minus(other).effects.values()) == pytest.approx(one.score - other.score)


def test_p_of_a_metric_that_is_no_mean_is_that_of_exchanges_nearly() -> None:
    right = np.random.default_rng(4).random((2, len(drawn("v1", "french")[0].predicted)))
    utterances = drawn("v1", "french")[0].utterances
    a, b = (
        answered(utterances, row < share) for row, share in zip(right, (0.62, 0.58), strict=True)
    )
    one, other = resample([a, b], F1)
    assert one.minus(other).p == pytest.approx(by_hand(a, b, F1), abs=0.02)


def answered(utterances: TestUtterances, right: np.ndarray) -> RowPredictions:
    wrong = (utterances.truth + 1) % utterances.classes
    return RowPredictions(utterances, np.where(right, utterances.truth, wrong), ())


def test_of_many_speakers_drawn_exchanges_give_what_all_give() -> None:
    effects = np.random.default_rng(1).normal(0.3, 1, exchange.EXACT + 1)
    signs = np.array(list(product([1.0, -1.0], repeat=len(effects))))
    moved = np.abs(signs @ effects)
    every = float(np.mean(moved >= abs(effects.sum()) - 1e-9))
    assert 0.02 < every < 0.5
    assert exchange.p_value(effects) == pytest.approx(every, abs=0.015)


def test_the_least_p_of_n_speakers_is_two_to_the_one_minus_n() -> None:
    for speakers in range(1, 9):
        assert exchange.p_value(np.ones(speakers)) == 2.0 ** (1 - speakers)
    assert exchange.p_value(np.zeros(0)) == 1


def test_differences_on_other_speakers_are_averaged_and_adjusted_together() -> None:
    a = Difference(3, 1, 2, -100, effects={"x/1": 1, "x/2": 1, "x/3": 1})
    b = Difference(3, 1, 2, -100, effects={"y/1": 1, "y/2": 1, "y/3": 1})
    mean = Difference.average([a, b])
    assert mean.value == sum(mean.effects.values()) == 3
    assert (a.p, mean.p) == (1 / 4, 1 / 32)
    assert adjusted_ps([a, b]) == [7 / 16, 7 / 16]  # either moves as far in 4 + 4 - 1 of 16
    assert Difference.average([a, Difference(1, None, 0)]).p == 1


def test_what_goes_together_is_corrected_for_once() -> None:
    effects = np.array([3.0, 1, 2, 2, 1, 4])
    alone = exchange.p_value(effects)
    assert exchange.adjusted(np.stack([effects] * 5)) == [alone] * 5
    assert exchange.adjusted(np.empty((0, 6))) == []


@given(EFFECTS)
def test_adjusted_ps_are_not_below_single_ones_nor_above_bonferronis(effects: np.ndarray) -> None:
    singles = [exchange.p_value(each) for each in effects]
    for single, p in zip(singles, exchange.adjusted(effects), strict=True):
        assert single - 1e-12 <= p <= 1
    assert min(exchange.adjusted(effects)) >= min(singles) - 1e-12


@pytest.mark.parametrize(("speakers", "equal"), [(8, True), (20, True), (20, False)])
def test_one_of_ten_equal_methods_is_found_in_5_of_100_experiments_at_most(
    speakers: int, equal: bool
) -> None:
    """Whether or not another method is really below all others: it is not counted."""
    rng, experiments, alarms = np.random.default_rng(2), 300, np.zeros(2)
    below = 0 if equal else 4.0
    for _ in range(experiments):
        errors = np.exp(rng.normal(0, 0.5, (10, 1)))  # of some methods they are larger
        effects = rng.normal(0, errors, (10, speakers))
        effects[-1] -= below
        counted = slice(0, 9)
        best = exchange.below_the_best(effects, exchange.exchanged(effects))[counted]
        against = exchange.adjusted(effects[1:] - effects[0])[:8]
        alarms += [min(best) <= LEVEL, min(against) <= LEVEL]
    noise = 100 * np.sqrt(0.05 * 0.95 / experiments)
    assert (100 * alarms / experiments <= 5 + 2 * noise).all()


def test_a_method_far_below_the_best_is_found_and_one_near_it_is_not() -> None:
    rng = np.random.default_rng(3)
    effects = rng.normal(5, 0.5, (6, 10))
    effects[4] -= 3
    ps = exchange.below_the_best(effects, exchange.exchanged(effects))
    assert ps[int(effects.sum(axis=1).argmax())] == 1
    assert [p <= LEVEL for p in ps] == [False] * 4 + [True, False]
    same = np.repeat(effects[:1], 3, axis=0)
    assert exchange.below_the_best(same, exchange.exchanged(same)) == [1, 1, 1]


@pytest.mark.parametrize("speakers", [12, 30])
def test_the_smallest_detectable_difference_is_found_in_80_of_100_experiments(
    speakers: int,
) -> None:
    rng, error = np.random.default_rng(5), 3.0
    found, named = [], []
    for points in (0.0, None):
        for _ in range(200):
            effects = rng.normal(0, error / np.sqrt(speakers), (1, speakers))
            if points is None:
                effects += np.median(named) / speakers
                found.append(exchange.p_value(effects[0]) <= LEVEL)
            else:
                moved = exchange.exchanged(effects)
                (one, _) = exchange.critical_differences(effects, moved, error, LEVEL)
                named.append(one + 0.86 * error)
    assert 70 <= 100 * np.mean(found) <= 90


def scored(target: str, shares: list[float]) -> list[Resampled]:
    utterances = drawn("v1", target)[0].utterances
    rng = np.random.default_rng(6)
    rows = [answered(utterances, rng.random(len(utterances.truth)) < share) for share in shares]
    return resample(rows, UA)


def test_reliability_is_high_where_methods_differ_and_low_where_they_do_not() -> None:
    apart = standing({str(i): [row] for i, row in enumerate(scored("german", [0.2, 0.5, 0.8]))})
    alike = standing({str(i): [row] for i, row in enumerate(scored("german", [0.5] * 12))})
    assert apart is not None
    assert alike is not None
    assert apart.reliability is not None
    assert apart.reliability > 0.95
    assert alike.reliability is not None
    assert alike.reliability < 0.6
    assert "0" in apart.separable
    assert apart.below["2"] == 1


def test_the_error_of_a_standing_is_that_of_its_pairs() -> None:
    rows = scored("german", [0.5, 0.6, 0.7])
    found = standing({str(i): [row] for i, row in enumerate(rows)})
    errors = [a.minus(b).error or 0 for a, b in [rows[:2], rows[1:], rows[::2]]]
    assert found is not None
    assert found.error == pytest.approx(np.sqrt(np.mean(np.square(errors))))
    assert standing({"alone": rows[:1]}) is None


def test_four_speakers_can_tell_nothing_apart() -> None:
    found = standing({str(i): [row] for i, row in enumerate(scored("italian", [0.1, 0.5, 0.9]))})
    assert found is not None
    assert found.separable == ()
    assert (found.named, found.against_one) == (np.inf, np.inf)


def test_rows_averaged_over_budgets_keep_speakers_whole() -> None:
    a, b, c, d = scored("german", [0.4, 0.5, 0.6, 0.7])
    mean = mean_of([c, d]).minus(mean_of([a, b]))
    assert mean.value == pytest.approx((c.minus(a).value + d.minus(b).value) / 2)
    for speaker, effect in mean.effects.items():
        halves = c.minus(a).effects[speaker] + d.minus(b).effects[speaker]
        assert effect == pytest.approx(halves / 2)


def test_where_lower_is_better_the_highest_is_below_the_best() -> None:
    rows = [
        RowPredictions(x.utterances, x.predicted, levels)
        for x, levels in zip(drawn("v1", "german"), probabilities(), strict=True)
    ]
    sure, unsure = resample(rows, BRIER)
    found = standing({"sure and right": [sure], "unsure": [unsure]})
    assert found is not None
    assert found.separable == ("unsure",)


def probabilities() -> list[tuple[np.ndarray, ...]]:
    truth = drawn("v1", "german")[0].utterances.truth
    sure = (255 * np.eye(5)[truth]).astype(np.uint8)
    return [(sure,), (np.full_like(sure, 51),)]


def ranks_of(effects: np.ndarray) -> list[tuple[int, int]]:
    return exchange.rank_intervals(exchange.exchanged(effects), LEVEL)


def test_ranks_are_ruled_out_by_exchanges_that_move_no_pair_as_far() -> None:
    """Six speakers, 32 exchanges: at 5 % the largest lead of any pair may come about once."""
    steady = np.array([6.0, 4.0, 5.0, 6.0, 5.0, 4.0])
    effects = np.stack([steady, -steady, np.array([0.5, -0.5, 0.5, -0.5, 0.5, -0.5])])
    assert ranks_of(effects) == [(1, 2), (2, 3), (1, 3)]
    assert ranks_of(effects[:, :4]) == [(1, 3)] * 3  # 4 speakers: 8 exchanges
    apart = np.stack([2 * steady, -steady, -steady])
    assert ranks_of(apart) == [(1, 1), (2, 3), (2, 3)]


def test_of_equally_good_methods_no_rank_is_ruled_out_in_95_of_100_experiments() -> None:
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(400, 1, 16))
    luck = shared * rng.normal(size=(400, 8, 1)) + rng.normal(size=(400, 8, 16))
    luck = luck * rng.choice([-1.0, 1.0], (400, 1, 16))
    wrong = [ranks_of(effects) != [(1, 8)] * 8 for effects in luck]
    assert np.mean(wrong) <= 0.08


@given(EFFECTS)
def test_a_method_may_have_the_rank_it_has(effects: np.ndarray) -> None:
    totals = effects.sum(axis=1)
    for i, (low, high) in enumerate(ranks_of(effects)):
        assert low <= 1 + (totals > totals[i] + 1e-9).sum()
        assert high >= len(totals) - (totals < totals[i] - 1e-9).sum()
