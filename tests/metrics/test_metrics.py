from pathlib import Path

import audmetric
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score
from tests.packages import Package

from xlser.errors import UnknownNameError
from xlser.metrics import (
    Metric,
    confusion,
    get_metric,
    majority_rate,
    metric_names,
    metrics_for,
    score,
)

Indices = npt.NDArray[np.int64]

_EMOTIONS = ("anger", "fear", "happiness", "neutral", "sadness", "disgust")


def unweighted_accuracy(truth: Indices, predicted: Indices, classes: int) -> float:
    return computed("ua", truth, predicted, classes)


def accuracy(truth: Indices, predicted: Indices, classes: int) -> float:
    return computed("accuracy", truth, predicted, classes)


def computed(name: str, truth: Indices, predicted: Indices, classes: int) -> float:
    return get_metric(name, _EMOTIONS[:classes]).compute(truth, predicted, classes)


@st.composite
def answers(draw: st.DrawFn) -> tuple[Indices, Indices, int]:
    """True and predicted classes; some classes may have no true utterance, others no answer."""
    classes = draw(st.integers(2, 6))
    of_a_class = st.integers(0, classes - 1)
    true_classes = st.sampled_from(sorted(draw(st.sets(of_a_class, min_size=1))))
    pairs = draw(st.lists(st.tuples(true_classes, of_a_class), min_size=1, max_size=60))
    truth, predicted = np.array(pairs).T
    return truth, predicted, classes


@given(answers())
def test_unweighted_accuracy_is_macro_recall_over_the_classes_present(
    case: tuple[Indices, Indices, int],
) -> None:
    truth, predicted, classes = case
    present = np.unique(truth)
    expected = recall_score(truth, predicted, labels=present, average="macro", zero_division=0)
    assert unweighted_accuracy(truth, predicted, classes) == pytest.approx(expected, abs=1e-12)


@given(answers())
def test_unweighted_accuracy_is_the_mean_of_audmetrics_recalls(
    case: tuple[Indices, Indices, int],
) -> None:
    truth, predicted, classes = case
    recalls = audmetric.recall_per_class(truth, predicted, range(classes), zero_division=np.nan)
    expected = np.mean([recalls[c] for c in np.unique(truth)])
    assert unweighted_accuracy(truth, predicted, classes) == pytest.approx(expected, abs=1e-12)


@given(answers())
def test_audmetric_counts_an_absent_class_as_a_recall_of_zero(
    case: tuple[Indices, Indices, int],
) -> None:
    truth, predicted, classes = case
    over_all = audmetric.unweighted_average_recall(truth, predicted, range(classes))
    present = len(np.unique(truth))
    expected = over_all * classes / present
    assert unweighted_accuracy(truth, predicted, classes) == pytest.approx(expected, abs=1e-12)


@given(answers())
def test_unweighted_accuracy_is_audmetrics_where_only_classes_present_are_answered(
    case: tuple[Indices, Indices, int],
) -> None:
    # audmetric leaves answers outside the labels out of the recalls, so none may lie there.
    truth, predicted, classes = case
    present = np.unique(truth)
    predicted = present[predicted % len(present)]
    expected = audmetric.unweighted_average_recall(truth, predicted, present)
    assert unweighted_accuracy(truth, predicted, classes) == pytest.approx(expected, abs=1e-12)


@given(answers())
def test_accuracy_is_scikit_learns_and_audmetrics(case: tuple[Indices, Indices, int]) -> None:
    truth, predicted, classes = case
    ours = accuracy(truth, predicted, classes)
    assert ours == pytest.approx(accuracy_score(truth, predicted), abs=1e-12)
    assert ours == pytest.approx(audmetric.accuracy(truth, predicted, range(classes)), abs=1e-12)


@given(answers())
def test_confusion_is_scikit_learns_and_audmetrics(case: tuple[Indices, Indices, int]) -> None:
    truth, predicted, classes = case
    labels, ours = range(classes), confusion(truth, predicted, classes)
    np.testing.assert_array_equal(ours, confusion_matrix(truth, predicted, labels=labels))
    np.testing.assert_array_equal(ours, audmetric.confusion_matrix(truth, predicted, labels))


@given(answers())
def test_score_is_both_figures(case: tuple[Indices, Indices, int]) -> None:
    truth, predicted, classes = case
    scores = score(truth, predicted, classes)
    assert scores.ua == pytest.approx(unweighted_accuracy(truth, predicted, classes), abs=1e-12)
    assert scores.accuracy == pytest.approx(accuracy(truth, predicted, classes), abs=1e-12)


@given(answers())
def test_majority_rate_is_the_best_constant_answer(case: tuple[Indices, Indices, int]) -> None:
    truth, _, classes = case
    constant = [accuracy(truth, np.full_like(truth, c), classes) for c in range(classes)]
    assert majority_rate(truth) == max(constant)


def test_figures_of_a_case_worked_by_hand() -> None:
    # Recalls: 2 of 4, 1 of 1, and 0 of 1; class 3 is never true.
    truth = np.array([0, 0, 0, 0, 1, 2])
    predicted = np.array([0, 0, 1, 3, 1, 0])
    scores = score(truth, predicted, classes=4)
    assert scores.accuracy == pytest.approx(3 / 6)
    assert scores.ua == pytest.approx((2 / 4 + 1 + 0) / 3)
    assert majority_rate(truth) == pytest.approx(4 / 6)


def test_a_class_predicted_but_never_true_counts_as_an_error_only() -> None:
    truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 2])
    assert unweighted_accuracy(truth, predicted, classes=3) == pytest.approx(0.5)


@given(answers())
def test_recalls_are_scikit_learns_and_none_where_a_class_is_absent(
    case: tuple[Indices, Indices, int],
) -> None:
    truth, predicted, classes = case
    for index, emotion in enumerate(_EMOTIONS[:classes]):
        ours = computed(f"recall-{emotion}", truth, predicted, classes)
        if index in truth:
            (expected,) = recall_score(truth, predicted, labels=[index], average=None)
            assert ours == pytest.approx(expected, abs=1e-12)
        else:
            assert np.isnan(ours)


@given(answers())
def test_macro_f1_is_scikit_learns_over_the_classes_present(
    case: tuple[Indices, Indices, int],
) -> None:
    truth, predicted, classes = case
    expected = f1_score(truth, predicted, labels=np.unique(truth), average="macro", zero_division=0)
    assert computed("macro-f1", truth, predicted, classes) == pytest.approx(expected, abs=1e-12)


@given(answers(), st.integers(0, 2**32 - 1))
def test_the_brier_score_is_the_mean_squared_distance(
    case: tuple[Indices, Indices, int], seed: int
) -> None:
    truth, predicted, classes = case
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(classes), len(truth))
    by_hand = [
        sum((p - (c == true)) ** 2 for c, p in enumerate(row))
        for true, row in zip(truth, probabilities, strict=True)
    ]
    brier = get_metric("brier", _EMOTIONS[:classes])
    ours = brier.compute(truth, predicted, classes, probabilities)
    assert ours == pytest.approx(np.mean(by_hand), abs=1e-12)
    worst = np.eye(classes)[(truth + 1) % classes]
    assert brier.compute(truth, predicted, classes, worst) == pytest.approx(brier.highest)


def test_the_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    ece = get_metric("ece", _EMOTIONS[:2])
    truth = np.zeros(8, np.int64)
    half = np.arange(8) % 2  # the class predicted: every other one is right

    def error(confidence: npt.ArrayLike) -> float:
        sure = np.broadcast_to(np.asarray(confidence), 8)
        probabilities = np.where(half[:, None] == [0, 1], sure[:, None], 1 - sure[:, None])
        return ece.compute(truth, half, 2, probabilities)

    assert error(1.0) == pytest.approx(0.5)
    assert error(0.5) == pytest.approx(0.0)
    # Right with 0.9, wrong with 0.6: gaps of 0.1 and 0.6 in bins of their own.
    assert error(np.where(half == 0, 0.9, 0.6)) == pytest.approx((0.1 + 0.6) / 2)
    # Right with 0.66, wrong with 0.61: one bin, of confidence 0.635 and accuracy 0.5.
    assert error(np.where(half == 0, 0.66, 0.61)) == pytest.approx(0.135)


def test_bins_are_closed_above() -> None:
    ece = get_metric("ece", _EMOTIONS[:2])
    statistics = ece.statistics(
        np.array([0, 0]), np.array([0, 0]), np.array([[10 / 15, 5 / 15], [10 / 15 + 1e-9, 0]]), 2
    )
    assert [int(np.flatnonzero(row[:-1])[0]) for row in statistics] == [9, 10]


@pytest.mark.parametrize("name", metrics_for(_EMOTIONS))
@given(case=answers(), seed=st.integers(0, 2**32 - 1))
def test_a_metric_is_a_function_of_sums_and_computes_runs_at_once(
    name: str, case: tuple[Indices, Indices, int], seed: int
) -> None:
    """Sums of parts give the whole; values lie in the stated range; runs do not mix."""
    truth, predicted, _ = case
    classes, rng = len(_EMOTIONS), np.random.default_rng(seed)
    metric: Metric = get_metric(name, _EMOTIONS)
    runs = np.stack([predicted, rng.permutation(predicted), truth])
    probabilities = rng.dirichlet(np.ones(classes), runs.shape)
    statistics = metric.statistics(truth, runs, probabilities, classes)
    cut = len(truth) // 2
    sums = statistics[:, :cut].sum(axis=1) + statistics[:, cut:].sum(axis=1)
    together = metric.value(sums)
    each = [
        metric.compute(truth, run, classes, p) for run, p in zip(runs, probabilities, strict=True)
    ]
    np.testing.assert_allclose(together, each, atol=1e-12)
    defined = together[~np.isnan(together)]
    assert ((metric.lowest <= defined) & (defined <= metric.highest + 1e-12)).all()
    np.testing.assert_allclose(metric.value(3 * sums), together, atol=1e-12)


def test_metrics_are_found_by_name_those_of_classes_one_by_one() -> None:
    assert metric_names() == ["accuracy", "brier", "ece", "macro-f1", "recall", "ua"]
    expanded = list(metrics_for(("anger", "fear")))
    assert expanded == [
        "accuracy", "brier", "ece", "macro-f1", "recall-anger", "recall-fear", "ua"
    ]  # fmt: skip
    assert get_metric("recall-fear", ("anger", "fear")).title == "recall of fear"
    for wrong in ("recall", "recall-joy", "uar"):
        with pytest.raises(UnknownNameError, match=f"There is no metric '{wrong}'"):
            get_metric(wrong, ("anger", "fear"))


_PRECISION = """
    import numpy as np
    from xlser.metrics import ConfusionMetric

    class Precision(ConfusionMetric):
        name, title, source = "precision-of-first", "precision of the first class", "a test"

        def of_confusion(self, counts):
            return counts[..., 0, 0] / counts[..., :, 0].sum(axis=-1)
"""


def test_a_package_adds_a_metric_in_five_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Package(tmp_path)
    site.install(
        "precisions", _PRECISION, group="xlser.metrics", **{"precision-of-first": "Precision"}
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "precision-of-first" in metric_names()
    metric = get_metric("precision-of-first", ("anger", "fear"))
    truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 0])
    assert metric.compute(truth, predicted, 2) == pytest.approx(1 / 3)
