import audmetric
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score

from xlser.metrics import accuracy, confusion, majority_rate, score, unweighted_accuracy

Indices = npt.NDArray[np.int64]


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
    ours = accuracy(truth, predicted)
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
    assert scores.ua == unweighted_accuracy(truth, predicted, classes)
    assert scores.accuracy == pytest.approx(accuracy(truth, predicted), abs=1e-12)


@given(answers())
def test_majority_rate_is_the_best_constant_answer(case: tuple[Indices, Indices, int]) -> None:
    truth, _, classes = case
    constant = [accuracy(truth, np.full_like(truth, c)) for c in range(classes)]
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
