from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.tasks import labelled, nothing, small_task, unheard
from torch import Tensor

from xlser.methods import Labelled, Speech, Task
from xlser_baselines.aligned_linear import (
    AlignedLinear,
    Known,
    class_means,
    discriminants,
    regression,
    shrunken,
    standard,
)


def moved(speech: Speech, by: float, scale: float = 1.0) -> Speech:
    return replace(speech, features=scale * speech.features + by)


def answers(task: Task, speech: Speech) -> Tensor:
    return AlignedLinear().fit(task).predict(speech)


def right(answer: Tensor, emotion: Tensor) -> float:
    return float((answer.argmax(dim=1) == emotion).float().mean())


@pytest.mark.parametrize("labels", [0, 2])
def test_where_the_target_lies_does_not_matter(labels: int) -> None:
    known = labelled("frozen", labels, seed=3) if labels else nothing("frozen")
    task, heard = small_task("frozen", target_labelled=known), unheard("frozen")
    away = replace(
        task,
        target_labelled=Labelled(moved(known.speech, 7.0), known.emotion),
        target_unlabelled=moved(task.target_unlabelled, 7.0),
    )
    there, here = answers(away, moved(heard.speech, 7.0)), answers(task, heard.speech)
    torch.testing.assert_close(there, here, atol=1e-4, rtol=1e-4)


def test_without_labels_unlabelled_speech_alone_tells_where_it_lies() -> None:
    task = small_task("frozen", target_labelled=nothing("frozen"))
    heard = unheard("frozen")
    far = moved(heard.speech, 50.0)
    aligned = replace(task, target_unlabelled=moved(task.target_unlabelled, 50.0))
    assert right(answers(aligned, far), heard.emotion) > 0.8
    assert right(answers(task, far), heard.emotion) < 0.5


def test_half_of_the_answer_comes_from_the_targets_own_scale() -> None:
    # Ten times as loud a target: one alignment sees it as the source, the other does not.
    task = small_task("frozen", target_labelled=nothing("frozen"))
    heard, loud = unheard("frozen"), small_task("frozen", target_labelled=nothing("frozen"))
    loud = replace(loud, target_unlabelled=moved(task.target_unlabelled, 0.0, 10.0))
    there = answers(loud, moved(heard.speech, 0.0, 10.0))
    here = answers(task, heard.speech)
    assert right(there, heard.emotion) > 0.8
    assert not torch.allclose(there, here, atol=1e-3)


def test_a_dimension_that_hardly_varies_is_not_blown_up() -> None:
    x = np.column_stack([np.tile([-2.0, 2.0], 5), np.tile([-2.0, 2.0], 5), np.zeros(10)])
    of = standard(x)
    np.testing.assert_allclose(of.scale, [2.0, 2.0, 0.2], rtol=1e-4)
    np.testing.assert_allclose(of(x)[0], [-1.0, -1.0, 0.0])


def test_a_class_that_was_never_heard_has_probability_zero() -> None:
    task = small_task("frozen", target_labelled=nothing("frozen"))
    kept = (task.source.emotion < 3).nonzero()[:, 0]
    source = Labelled(task.source.speech[kept], task.source.emotion[kept])
    answer = answers(replace(task, source=source), unheard("frozen").speech)
    assert answer[:, 3:].count_nonzero() == 0
    torch.testing.assert_close(answer.sum(dim=1), torch.ones(len(answer)))


def two_of_each() -> Known:
    """Classes 0 and 1 of the source at -1 and 1, of the target at 2 and 6 (1 and 3 utterances)."""
    return Known(
        source=np.array([[-1.5], [-0.5], [0.5], [1.5]]),
        target=np.array([[2.0], [5.0], [6.0], [7.0]]),
        source_emotion=np.array([0, 0, 1, 1]),
        target_emotion=np.array([0, 1, 1, 1]),
    )


def test_means_are_adapted_by_hand() -> None:
    # The means differ by 3 and 5, so the source's move by 4: to 3 and 5. With a relevance of 3
    # class 0 goes to (3 * 3 + 2) / 4 = 2.75, class 1 to (3 * 5 + 3 * 6) / 6 = 5.5.
    # Variances: 0.25 of the source, (0 + 1 + 0 + 1) / 4 = 0.5 of the target; their mean is 0.375.
    linear = discriminants(two_of_each(), shrinkage=0.0, relevance=3.0)
    assert linear.classes == [0, 1]
    np.testing.assert_allclose(linear.weights, [[2.75 / 0.375, 5.5 / 0.375]])
    np.testing.assert_allclose(linear.bias, [-(2.75**2) / 0.75, -(5.5**2) / 0.75])


def test_without_labels_the_means_are_the_sources() -> None:
    known = replace(two_of_each(), target=np.zeros((0, 1)), target_emotion=np.zeros(0, dtype=int))
    linear = discriminants(known, shrinkage=0.5, relevance=3.0)
    np.testing.assert_allclose(linear.weights, [[-4.0, 4.0]])  # of variance 0.25


def test_a_class_without_target_labels_moves_with_the_others() -> None:
    known = two_of_each()
    known = replace(known, target=known.target[1:], target_emotion=known.target_emotion[1:])
    # The labels of class 1 say: by 5. So class 0 goes from -1 to 4.
    linear = discriminants(known, shrinkage=0.0, relevance=3.0)
    variance = (0.25 + 2 / 3) / 2
    np.testing.assert_allclose(linear.weights[0] * variance, [4.0, 6.0])


def test_a_class_that_only_the_target_has_keeps_its_own_mean() -> None:
    known = replace(two_of_each(), source_emotion=np.array([1, 1, 1, 1]))
    linear = discriminants(known, shrinkage=0.0, relevance=3.0)
    variance = (np.var([-1.5, -0.5, 0.5, 1.5]) + 0.5) / 2
    np.testing.assert_allclose(linear.weights[0, 0] * variance, 2.0)


def test_the_covariance_is_shrunken_towards_a_round_one() -> None:
    given = np.array([[3.0, 1.0], [1.0, 1.0]])
    np.testing.assert_allclose(shrunken(given, 0.0), given)
    np.testing.assert_allclose(shrunken(given, 0.5), [[2.5, 0.5], [0.5, 1.5]])
    np.testing.assert_allclose(shrunken(given, 1.0), 2 * np.eye(2))


def test_the_labelled_target_weighs_as_much_as_the_source() -> None:
    # It contradicts the source, utterance for utterance: neither may win.
    points = np.array([[-1.0], [1.0]])
    known = Known(np.tile(points, (50, 1)), points, np.tile([0, 1], 50), np.array([1, 0]))
    linear = regression(known, 0.1)
    np.testing.assert_allclose(points @ linear.weights + linear.bias, 0.0, atol=1e-3)


def test_the_penalty_holds_the_weights() -> None:
    # Two classes at -1 and 1, weights (0, w): mean loss log(1 + exp(-w)) + penalty / 2 w^2, whose
    # slope -1 / (1 + exp(w)) + penalty w is 0 at w = 1 where penalty = 1 / (1 + e).
    points = np.array([[-1.0], [1.0]])
    none = np.zeros((0, 1)), np.zeros(0, dtype=int)
    known = Known(points, none[0], np.array([0, 1]), none[1])
    linear = regression(known, 1 / (1 + np.e))
    np.testing.assert_allclose(linear.weights, [[0.0, 1.0]], atol=1e-3)


def test_class_means_name_their_classes() -> None:
    means = class_means(np.array([[1.0], [3.0], [5.0]]), np.array([4, 4, 2]))
    assert {c: m.tolist() for c, m in means.items()} == {2: [5.0], 4: [2.0]}


def test_progress_counts_the_classifiers() -> None:
    shown: list[tuple[int, int]] = []
    AlignedLinear().fit(small_task("frozen", progress=lambda done, n: shown.append((done, n))))
    assert shown == [(n, 4) for n in range(1, 5)]
