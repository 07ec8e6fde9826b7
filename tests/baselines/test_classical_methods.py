from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.tasks import CLASSES, DIMENSION, labelled, nothing, small_task, unheard
from torch import Tensor

from xlser.methods import Labelled, Speech, Task
from xlser_baselines import svm
from xlser_baselines.logistic_regression import LogisticRegression, _converging
from xlser_baselines.svm import SupportVectorMachine

Classical = type[LogisticRegression] | type[SupportVectorMachine]
both = pytest.mark.parametrize("method", [LogisticRegression, SupportVectorMachine])


def embedded(rows: Tensor, emotion: list[int]) -> Labelled:
    speech = Speech(rows.float(), torch.ones(len(rows), dtype=torch.long))
    return Labelled(speech, torch.tensor(emotion))


def only(part: Labelled, classes: list[int]) -> Labelled:
    kept = torch.isin(part.emotion, torch.tensor(classes)).nonzero()[:, 0]
    return Labelled(part.speech[kept], part.emotion[kept])


def with_classes(classes: list[int]) -> Task:
    """A task in which nobody utters other classes than these."""
    task = small_task("frozen")
    return small_task(
        "frozen",
        source=only(task.source, classes),
        source_validation=only(task.source_validation, classes),
        target_labelled=only(task.target_labelled, classes),
    )


@pytest.mark.parametrize("penalties", [(0.1,), (0.1, 1.0, 10.0)])
def test_the_kernel_that_is_computed_once_is_that_of_scikit_learn(
    penalties: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    method, speech = SupportVectorMachine(inverse_penalties=penalties), unheard("frozen").speech
    once = method.fit(small_task("frozen")).predict(speech)
    monkeypatch.setattr(svm, "_MOST", 0)
    each_time = method.fit(small_task("frozen")).predict(speech)
    torch.testing.assert_close(once, each_time, rtol=0, atol=1e-6)


def test_logistic_regression_is_fitted_to_its_optimum() -> None:
    """The gradient is zero but for rounding: where training stops is not rounding's choice."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(400, 60)).astype(np.float32)
    y = (x[:, :5] + draw.normal(scale=2, size=(400, 5))).argmax(axis=1)
    for penalty in LogisticRegression.inverse_penalties:
        fitted = _converging(penalty).fit(x, y)
        wrong = fitted.predict_proba(x) - np.eye(5)[y]
        gradient = wrong.T @ x / len(x) + fitted.coef_ / (penalty * len(x))
        assert abs(gradient).max() < 2e-6


@both
@pytest.mark.parametrize("classes", [[0, 1, 3, 4], [0, 3], [1, 4]])
def test_a_class_absent_from_training_has_probability_zero(
    method: Classical, classes: list[int]
) -> None:
    heard = only(unheard("frozen"), classes)
    probabilities = method().fit(with_classes(classes)).predict(heard.speech)
    absent = [c for c in range(len(CLASSES)) if c not in classes]
    assert probabilities.shape == (len(heard), len(CLASSES))
    assert probabilities[:, absent].count_nonzero() == 0
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(len(heard)))
    assert (probabilities.argmax(dim=1) == heard.emotion).float().mean() > 0.7


@both
def test_a_class_that_only_the_target_has_is_learnt(method: Classical) -> None:
    task = small_task("frozen")
    without = only(task.source, [0, 1, 2, 3])
    labels = labelled("frozen", 6, seed=3, shift=0.3)
    task = small_task("frozen", source=without, target_labelled=labels)
    predictor = method(inverse_penalties=(1.0,)).fit(task)
    sad = only(unheard("frozen"), [4])
    assert (predictor.predict(sad.speech).argmax(dim=1) == 4).float().mean() > 0.5


def unbalanced_source() -> Task:
    """Four in five source utterances are anger, but the validation is balanced.

    Under a tiny penalty parameter a classifier always answers anger: unweighted accuracy 1 / 5.
    """
    source = labelled("frozen", 6, seed=1)
    more = labelled("frozen", 90, seed=6)
    more = only(more, [0])
    joined = torch.cat([source.speech.features, more.speech.features])
    emotion = torch.cat([source.emotion, more.emotion]).tolist()
    return small_task(
        "frozen",
        source=embedded(joined, emotion),
        source_validation=labelled("frozen", 10, seed=2),
        target_labelled=nothing("frozen"),
    )


@both
@pytest.mark.parametrize("penalties", [(1e-7, 1.0), (1.0, 1e-7), (1e-7, 1.0, 1e-6)])
def test_the_setting_is_the_one_best_on_source_validation(
    method: Classical, penalties: tuple[float, ...]
) -> None:
    task, speech = unbalanced_source(), unheard("frozen").speech
    chosen = method(inverse_penalties=penalties).fit(task).predict(speech)
    good = method(inverse_penalties=(1.0,)).fit(task).predict(speech)
    bad = method(inverse_penalties=(1e-7,)).fit(task).predict(speech)
    assert torch.equal(chosen, good)
    assert (bad.argmax(dim=1) == 0).all()


@both
def test_of_settings_equal_on_validation_the_first_wins(method: Classical) -> None:
    # Two clusters so far apart that either setting is always right.
    rows = torch.randn(40, DIMENSION) + 50.0 * (torch.arange(40) % 2)[:, None]
    apart = embedded(rows, (torch.arange(40) % 2).tolist())
    task = small_task(
        "frozen", source=apart, source_validation=apart, target_labelled=nothing("frozen")
    )
    chosen = method(inverse_penalties=(0.5, 2.0)).fit(task).predict(apart.speech)
    first = method(inverse_penalties=(0.5,)).fit(task).predict(apart.speech)
    other = method(inverse_penalties=(2.0,)).fit(task).predict(apart.speech)
    assert torch.equal(chosen, first)
    assert torch.equal(chosen.argmax(dim=1), other.argmax(dim=1))


@both
@pytest.mark.parametrize(
    ("penalties", "middle"),
    [((1e-4, 0.1, 10.0), 0.1), ((10.0, 0.1, 1e-4), 0.1), ((0.1, 10.0), 10.0)],
)
def test_without_validation_speech_the_setting_is_the_middle_one(
    method: Classical, penalties: tuple[float, ...], middle: float
) -> None:
    task = small_task("frozen", source_validation=nothing("frozen"))
    speech = unheard("frozen").speech
    chosen = method(inverse_penalties=penalties).fit(task).predict(speech)
    assert torch.equal(chosen, method(inverse_penalties=(middle,)).fit(task).predict(speech))


@both
def test_the_labelled_target_weighs_as_much_as_the_source(method: Classical) -> None:
    # The target contradicts the source, utterance for utterance: neither may win.
    points = torch.tensor([[-1.0], [1.0]])
    source = embedded(points.repeat(50, 1), [0, 1] * 50)
    target = embedded(points.repeat(2, 1), [1, 0] * 2)
    task = small_task(
        "frozen",
        source=source,
        source_validation=nothing("frozen"),
        target_labelled=target,
        classes=("anger", "fear"),
    )
    probabilities = method().fit(task).predict(embedded(points, [0, 1]).speech)
    torch.testing.assert_close(probabilities, torch.full((2, 2), 0.5), atol=0.01, rtol=0)


@both
def test_without_target_labels_the_source_decides(method: Classical) -> None:
    points = torch.tensor([[-1.0], [1.0]])
    task = small_task(
        "frozen",
        source=embedded(points.repeat(50, 1), [0, 1] * 50),
        source_validation=nothing("frozen"),
        target_labelled=nothing("frozen"),
        classes=("anger", "fear"),
    )
    probabilities = method().fit(task).predict(embedded(points, [0, 1]).speech)
    assert probabilities.argmax(dim=1).tolist() == [0, 1]


@both
def test_fitting_twice_gives_the_same_predictions(method: Classical) -> None:
    task, speech = small_task("frozen"), unheard("frozen").speech
    assert torch.equal(method().fit(task).predict(speech), method().fit(task).predict(speech))


@both
def test_the_unit_of_the_embeddings_does_not_matter(method: Classical) -> None:
    task, heard = small_task("frozen"), unheard("frozen")
    scale = 1000.0

    def scaled(part: Labelled) -> Labelled:
        return embedded(part.speech.features * scale, part.emotion.tolist())

    other = small_task(
        "frozen",
        source=scaled(task.source),
        source_validation=scaled(task.source_validation),
        target_labelled=scaled(task.target_labelled),
    )
    torch.testing.assert_close(
        method().fit(other).predict(scaled(heard).speech),
        method().fit(task).predict(heard.speech),
        atol=1e-3,
        rtol=1e-3,
    )


@both
def test_progress_counts_the_settings_tried(method: Classical) -> None:
    shown: list[tuple[int, int]] = []
    task = small_task("frozen", progress=lambda done, n: shown.append((done, n)))
    method(inverse_penalties=(0.1, 1.0)).fit(task)
    assert shown == [(1, 2), (2, 2)]


@both
def test_a_dimension_silent_in_training_does_not_drown_the_others(method: Classical) -> None:
    task, heard = small_task("frozen"), unheard("frozen")
    silent = 1e-5 * torch.randn(len(task.source), 1)
    hushed = embedded(
        torch.cat([task.source.speech.features[:, :-1], silent], dim=1),
        task.source.emotion.tolist(),
    )
    predictor = method().fit(replace(task, source=hushed, target_labelled=nothing("frozen")))
    loud, quiet = heard.speech.features.clone(), heard.speech.features.clone()
    loud[:, -1], quiet[:, -1] = 0.3, 0.0
    answers = [
        predictor.predict(embedded(x, heard.emotion.tolist()).speech).argmax(dim=1)
        for x in (loud, quiet)
    ]
    assert (answers[0] == answers[1]).float().mean() > 0.9
