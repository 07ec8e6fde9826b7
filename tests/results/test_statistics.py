from dataclasses import replace
from itertools import combinations
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.leaderboards.made import boards, over_seeds, page, read
from tests.results.former import holm
from tests.results.simulation import (
    DESIGNS,
    MEANS,
    TRAINING,
    coverage,
    coverage_of_mean,
    false_alarms,
    speech_of,
)

from xlser.errors import RecordError
from xlser.leaderboards.sections.standing import standing_in_words, standings_table
from xlser.metrics import get_metric
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.results import Estimate, Standing
from xlser.results.inference.bootstrap import bootstrap_speakers, effective_speakers, resample
from xlser.results.predictions import RowPredictions

UA, ACCURACY = (get_metric(name, get_protocol("v1").classes) for name in ("ua", "accuracy"))


def answers(protocol: str, target: str, right: np.ndarray) -> list[RowPredictions]:
    """Predictions of rows that recognise these utterances, shape (rows, utterances)."""
    speech = speech_of(protocol, target)
    wrong = (speech.truth + 1) % speech.classes
    return [RowPredictions(speech, np.where(row, speech.truth, wrong), ()) for row in right]


def drawn(protocol: str, target: str, rows: int = 2, share: float = 0.6) -> list[RowPredictions]:
    utterances = len(speech_of(protocol, target).truth)
    return answers(protocol, target, np.random.default_rng(3).random((rows, utterances)) < share)


def test_speakers_are_those_of_the_protocol_each_once() -> None:
    count = {design: len(speech_of(*design).speakers) for design in DESIGNS}
    v1 = {"french": 8, "german": 6, "italian": 4, "persian": 52}
    agarla = {"french": 3, "german": 2, "italian": 2, "persian": 52}
    assert count == {
        **{("v1", x): n for x, n in v1.items()},
        **{("agarla2022", x): n for x, n in agarla.items()},
    }


def test_the_error_of_equal_speakers_is_that_of_a_mean() -> None:
    """Of n speakers who say as much, the standard error is their deviation over sqrt(n)."""
    shares = np.array([0.2, 0.5, 0.9, 0.6])
    values = bootstrap_speakers(np.stack([shares, np.ones(4)], axis=-1)[None], ACCURACY)
    assert values.std() == pytest.approx(100 * shares.std() / 2, rel=0.03)


def test_the_error_is_that_of_resampling_by_hand() -> None:
    (row,) = drawn("v1", "german", rows=1)
    (found,) = resample([row], UA)
    speech, rng, by_hand = row.utterances, np.random.default_rng(5), []
    for _ in range(2000):
        times = np.bincount(rng.integers(6, size=6), minlength=6)[speech.speaker]
        weight = np.zeros(len(times))
        for seed, emotion in {*zip(speech.seed, speech.truth, strict=True)}:
            here = (speech.seed == seed) & (speech.truth == emotion)
            weight[here] = times[here] / here.sum()
        recalls = [
            (weight * row.right)[speech.truth == c].sum() / weight[speech.truth == c].sum()
            for c in range(5)
        ]
        by_hand.append(100 * np.mean(recalls))
    assert found.values.std() == pytest.approx(np.std(by_hand), rel=0.07)


@pytest.mark.parametrize("figure", ["ua", "accuracy"])
def test_the_figure_is_the_mean_over_seeds(figure: str, template: Record) -> None:
    protocol = get_protocol("v1" if figure == "ua" else "agarla2022")
    (board,) = boards(protocol, over_seeds(template, protocol, {0: 3, 1: 7, 2: 8}))
    (row,) = board.rows
    mean = row.scores["target", protocol.headline].mean
    assert row.resampled.estimate.value == pytest.approx(mean)


def test_a_speaker_of_several_seeds_is_drawn_whole() -> None:
    """Two speakers, tested under three seeds each: their mean and their difference are all."""
    speech = speech_of("agarla2022", "italian")
    (row,) = answers("agarla2022", "italian", (speech.speaker == 0)[None])
    (found,) = resample([row], ACCURACY)
    assert set(np.round(found.values, 6)) == {0, 50, 100}
    assert found.estimate.freedom == pytest.approx(1)


def test_a_single_speaker_has_no_interval() -> None:
    assert bootstrap_speakers(np.array([[[0.6, 1.0]]]), ACCURACY).shape == (1, 0)
    assert Estimate(60, None, 0).interval is None


def test_effective_speakers_are_all_where_shares_are_equal_and_fewer_elsewhere() -> None:
    assert effective_speakers(np.ones((6, 5))) == pytest.approx(6)
    assert effective_speakers(np.array([[2.0], [2], [1], [1]])) == pytest.approx(3.6)
    one_alone_in_a_class = np.array([[1.0, 1, 0], [1, 0, 0]])
    assert effective_speakers(one_alone_in_a_class) == pytest.approx(1.6)


def test_rows_of_the_same_answers_differ_by_exactly_nothing() -> None:
    row, *_ = drawn("v1", "italian")
    a, b, c = resample([row, row, drawn("v1", "italian")[1]], UA)
    same = a.minus(b)
    assert (same.value, same.error, same.p, same.interval) == (0, 0, 1, (0, 0))
    assert a.minus(c).value == -c.minus(a).value


def test_a_difference_that_all_speakers_share_has_no_interval() -> None:
    alike = Estimate(10, 0.0, 5, lowest=-100)
    assert alike.interval is None


def test_rows_tested_on_other_utterances_have_no_error_of_their_difference() -> None:
    a, b = resample([drawn("v1", "italian")[0], drawn("v1", "german")[0]], UA)
    assert a.minus(b).error is None
    assert a.minus(b).p == 1


def test_the_error_of_a_mean_over_targets_is_that_of_independent_ones() -> None:
    mean = Estimate.average([Estimate(60, 3, 5), Estimate(40, 4, 3)])
    assert (mean.value, mean.error) == (50, 2.5)
    assert mean.freedom == pytest.approx(25**2 / (81 / 5 + 256 / 3))
    assert Estimate.average([Estimate(60, 3, 5), Estimate(40, None, 0)]).interval is None
    nothing = Estimate.average([Estimate(0, 0.0, 5, -100), Estimate(0, 0.0, 3, -100)])
    assert nothing.interval == (0, 0)


def test_intervals_are_students_and_end_where_percents_do() -> None:
    low, high = Estimate(50, 10, 5).interval or (0, 0)
    assert (low, high) == pytest.approx((50 - 25.706, 50 + 25.706), abs=1e-3)
    assert Estimate(95, 10, 5).interval == pytest.approx((69.294, 100), abs=1e-3)
    assert Estimate(-95, 10, 5, lowest=-100).interval == pytest.approx((-100, -69.294), abs=1e-3)


def test_holm_as_worked_by_hand() -> None:
    """Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1 are 0.04, 0.06, 0.06, 0.04: never falling."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.01, 0.9], comparisons=10) == pytest.approx([0.1, 1.0])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_lies_between_none_and_bonferroni(ps: list[float]) -> None:
    adjusted = holm(ps)
    for p, q in zip(ps, adjusted, strict=True):
        assert p <= q <= min(1, len(ps) * p) or q == pytest.approx(min(1, len(ps) * p))
    for (p, q), (r, s) in combinations(zip(ps, adjusted, strict=True), 2):
        assert (p <= r) <= (q <= s)


def test_an_utterance_of_no_corpus_is_named(template: Record) -> None:
    v1 = get_protocol("v1")
    (record,) = over_seeds(template, v1, {0: 7})
    target, source = record.predictions
    target = target.model_copy(update={"utterances": target.utterances.replace("Wa", "??")})
    record = record.model_copy(update={"predictions": (target, source)})
    with pytest.raises(RecordError, match=r"emodb/.*\n.*xlser validate"):
        boards(v1, [record])


def test_majority_is_that_of_all_corpora_of_the_target(template: Record) -> None:
    v1 = get_protocol("v1")
    (record,) = over_seeds(template, v1, {0: 7})
    target, source = record.predictions
    fear = target.model_copy(update={"emotion": "1" * 10})
    record = record.model_copy(update={"predictions": (target, fear, source)})
    (board,) = boards(v1, [record])
    assert board.majority == pytest.approx(60)


def test_what_is_far_from_sft_or_below_the_first_is_marked(template: Record) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, 2) + over_seeds(template, v1, 9, method={"name": "far"})
    records += over_seeds(template, v1, 3, method={"name": "near"})
    text = page(v1, records)
    (rows,) = read(text)
    ranks = [(row["method"], row["rank"]) for row in rows]
    assert ranks == [("far", "1 [1–1]"), ("near", "2 [2–3] ↓"), ("sft", "3 [2–3] ↓")]
    marked = {row["method"]: row["vs sft"].endswith("‡") for row in rows}
    assert marked["far"]
    assert not marked["sft"]
    assert "Separably below the first: near, sft." in text


def test_a_table_states_what_it_can_find() -> None:
    ranks = {"a": (1, 2), "b": (1, 3), "c": (2, 3)}
    many = Standing({"a": 1.0, "b": 0.5, "c": 0.03}, ranks, 16, 3.4, 9.5, 11.7, 0.51, 0.18)
    text = standing_in_words(many, "a", ranks=True).text
    assert text == (
        "Finds two methods named beforehand apart from 9.5 points on, and one of 2 from a from "
        "11.7 on (80 % power). Reliability of the ranking: 0.51. ↓ Separably below the first: c."
    )
    few = replace(
        many, below={"a": 1.0, "b": 0.5}, speakers=4, named=inf, against_one=inf, reliability=None
    )
    assert standing_in_words(few, "a", ranks=True).text == (
        "4 speakers are too few to find any two methods apart: the ranks are no evidence."
    )
    table = standings_table({"100 labels": few, "25 labels": many}, "a")
    assert [row[4:] for row in table.rows] == [
        ("18 %", "–", "–", "–", "0"),
        ("18 %", "9.5", "11.7", "0.51", "1"),
    ]


def test_where_nothing_is_separable_one_sentence_says_so(template: Record) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, {0: 5, 1: 6, 2: 7})
    records += over_seeds(template, v1, {0: 6, 1: 5, 2: 7}, method={"name": "other"})
    text = page(v1, records)
    assert text.count("the ranks are no evidence") == 1
    assert "Separably below the first: " not in text


@pytest.mark.parametrize("design", DESIGNS, ids=" ".join)
def test_the_interval_covers_the_true_figure_in_95_of_100_experiments(
    design: tuple[str, str],
) -> None:
    found = coverage(*design, experiments=3000)
    print(f"{' '.join(design)}: {len(speech_of(*design).speakers)} speakers, {found:.1f} %")
    assert 93 <= found <= 97


@pytest.mark.parametrize("targets", MEANS, ids=" ".join)
def test_so_does_that_of_the_mean_over_targets(targets: tuple[str, ...]) -> None:
    found = coverage_of_mean("v1", targets, experiments=2000)
    print(f"mean over {', '.join(targets)}: {found:.1f} %")
    assert 93 <= found <= 97


@pytest.mark.parametrize("design", [*DESIGNS[:4], ("agarla2022", "italian")], ids=" ".join)
def test_equally_good_methods_are_told_apart_in_5_of_100_experiments_at_most(
    design: tuple[str, str],
) -> None:
    found = false_alarms(*design, experiments=200)
    print(f"{' '.join(design)}: {found}")
    noise = 2 * 100 * np.sqrt(0.05 * 0.95 / 200)
    assert found.one <= 5 + 1.5 * noise
    assert found.any_of_many <= 5 + 1.5 * noise
    assert found.below <= 5 + 1.5 * noise


def test_so_are_those_whose_trainings_differ() -> None:
    """By exchanges of speakers alone it is 8 of 100: each training is tested on all 52 speakers."""
    experiments = 600
    found = false_alarms("agarla2022", "persian", experiments, methods=2, training=TRAINING)
    assert found.one <= 5 + 2 * 100 * np.sqrt(0.05 * 0.95 / experiments)
