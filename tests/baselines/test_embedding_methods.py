"""Methods on frozen embeddings: transport, label shift, graphs, neighbours, prototypes."""

import math

import numpy as np
import pytest
import torch
from tests.baselines.test_classical_methods import embedded, only
from tests.tasks import CLASSES, labelled, nothing, small_task, unheard
from torch import Tensor

from xlser.methods import Labelled, Method, Speech, Task
from xlser_baselines._embeddings import Array, LinearPredictor
from xlser_baselines._label_shift import Validated, frequencies_of
from xlser_baselines.aligned_linear import Known, Linear
from xlser_baselines.bbse import BBSE
from xlser_baselines.em_prior import EMPrior
from xlser_baselines.knn import NearestNeighbours
from xlser_baselines.label_propagation import LabelPropagation
from xlser_baselines.otda import OTDA, transported
from xlser_baselines.prototypes import Prototypes, joint_means, sums

ALL = (BBSE, EMPrior, LabelPropagation, NearestNeighbours, OTDA, Prototypes)


def speech(rows: list[list[float]]) -> Speech:
    return embedded(torch.tensor(rows), [0] * len(rows)).speech


def two_classes(source: Labelled, target: Labelled, unlabelled: Speech) -> Task:
    return small_task(
        "frozen",
        source=source,
        source_validation=nothing("frozen"),
        target_labelled=target,
        target_unlabelled=unlabelled,
        classes=("anger", "fear"),
    )


NOBODY = Labelled(embedded(torch.zeros(0, 2), []).speech, torch.zeros(0, dtype=torch.long))


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("classes", [[0, 1, 3, 4], [0, 3]])
def test_a_class_absent_from_training_is_not_answered(
    method: type[Method], classes: list[int]
) -> None:
    task = small_task("frozen")
    task = small_task(
        "frozen",
        source=only(task.source, classes),
        source_validation=only(task.source_validation, classes),
        target_labelled=only(task.target_labelled, classes),
    )
    heard = only(unheard("frozen"), classes)
    probabilities = method().fit(task).predict(heard.speech)
    assert probabilities.shape == (len(heard), len(CLASSES))
    assert torch.isin(probabilities.argmax(dim=1), torch.tensor(classes)).all()
    assert (probabilities.argmax(dim=1) == heard.emotion).float().mean() > 0.6


# OTDA.


def test_every_source_utterance_goes_to_its_place_in_a_target_moved_away() -> None:
    source = np.random.default_rng(0).normal(size=(12, 3))
    moved = source + np.array([5.0, -3.0, 2.0])
    order = np.random.default_rng(1).permutation(12)
    known = Known(source, np.zeros((0, 3)), np.zeros(12, dtype=int), np.zeros(0, dtype=int))
    np.testing.assert_allclose(transported(known, moved[order], 0.0005, 2000), moved, atol=1e-2)


def test_much_blur_sends_every_utterance_to_the_targets_mean() -> None:
    source, target = np.random.default_rng(0).normal(size=(2, 8, 3))
    known = Known(source, np.zeros((0, 3)), np.zeros(8, dtype=int), np.zeros(0, dtype=int))
    there = transported(known, target, 1e4, 10)
    np.testing.assert_allclose(there, np.tile(target.mean(axis=0), (8, 1)), atol=1e-3)


def test_labels_keep_utterances_of_other_emotions_away() -> None:
    source = np.array([[0.0], [1.0]])
    target = np.array([[0.9], [0.1]])  # each nearer to the wrong one
    emotion = np.array([0, 1])
    blind = Known(source, target[:0], emotion, emotion[:0])
    np.testing.assert_allclose(transported(blind, target, 0.01, 500), [[0.1], [0.9]], atol=1e-3)
    told = Known(source, target, emotion, emotion)
    np.testing.assert_allclose(transported(told, target, 0.01, 500), target, atol=1e-3)


def test_the_twin_of_otda_without_labels_moves_nothing() -> None:
    task = small_task("frozen", target_labelled=nothing("frozen"))
    heard = unheard("frozen").speech
    twin = OTDA(twin=True, standardisation="source").fit(task).predict(heard)
    away = small_task("frozen", target_labelled=nothing("frozen"))
    away.target_unlabelled.features.add_(50.0)
    assert torch.equal(OTDA(twin=True, standardisation="source").fit(away).predict(heard), twin)
    assert (twin.argmax(dim=1) == unheard("frozen").emotion).float().mean() > 0.6


# Label shift.


def validated(confusion: Array, counts: tuple[int, ...]) -> Validated:
    """Answers whose confusion is the one given."""
    answers, emotion = [], []
    for c, count in enumerate(counts):
        said = np.repeat(np.arange(len(confusion)), np.round(confusion[:, c] * count).astype(int))
        answers += [np.eye(len(confusion))[i] for i in said]
        emotion += [c] * len(said)
    return Validated(np.array(answers), np.array(emotion))


def test_bbse_solves_for_the_frequencies_behind_the_answers() -> None:
    confusion = np.array([[0.8, 0.1, 0.0], [0.1, 0.7, 0.2], [0.1, 0.2, 0.8]])
    truth = np.array([0.6, 0.3, 0.1])
    answered = np.round(confusion @ truth * 1000).astype(int)
    unlabelled = np.repeat(np.eye(3), answered, axis=0)
    known = validated(confusion, (100, 50, 200))
    np.testing.assert_allclose(known.confusion(), confusion)
    found = BBSE().frequencies(unlabelled, np.full(3, 1 / 3), known)
    np.testing.assert_allclose(found, truth, atol=1e-9)


def test_bbse_takes_no_negative_frequency_and_knows_nothing_of_a_class_nobody_utters() -> None:
    confusion = np.array([[0.9, 0.1], [0.1, 0.9]])
    all_first = np.tile([1.0, 0.0], (50, 1))  # more than any frequencies explain
    found = BBSE().frequencies(all_first, np.full(2, 0.5), validated(confusion, (100, 100)))
    np.testing.assert_allclose(found, [1.0, 0.0])
    of_one = Validated(np.array([[0.6, 0.3, 0.1]] * 4), np.zeros(4, dtype=int))
    np.testing.assert_allclose(of_one.confusion(), np.eye(3))


def test_bbse_without_validation_speech_corrects_nothing() -> None:
    training = np.array([0.7, 0.3])
    nobody = Validated(np.zeros((0, 2)), np.zeros(0, dtype=int))
    assert BBSE().frequencies(np.full((5, 2), 0.5), training, nobody) is training


def gaussians(frequencies: list[float], count: int, seed: int) -> tuple[Array, Array]:
    """Draw from two Gaussians a deviation and a half apart; return x and p under even odds."""
    random = np.random.default_rng(seed)
    classes = random.choice(2, size=count, p=frequencies)
    x = random.normal(size=count) + 1.5 * classes
    odds = np.exp(1.5 * x - 1.125)
    return classes, np.stack([1 / (1 + odds), odds / (1 + odds)], axis=1)


def test_em_finds_the_frequencies_behind_calibrated_answers() -> None:
    _, p = gaussians([0.85, 0.15], 20_000, seed=0)
    found = EMPrior().frequencies(p, np.full(2, 0.5), validated(np.eye(2), (1, 1)))
    np.testing.assert_allclose(found, [0.85, 0.15], atol=0.02)
    assert abs(p.mean(axis=0)[0] - 0.85) > 0.1  # the answers' own mean is not it


def test_em_takes_one_round_by_hand() -> None:
    p, training = np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0.75, 0.25])
    # The first round starts from the frequencies in training, so it is the answers' mean.
    one = EMPrior(rounds=1).frequencies(p, training, validated(np.eye(2), (1, 1)))
    np.testing.assert_allclose(one, [0.75, 0.25])
    even = np.array([0.5, 0.5])
    two = EMPrior(rounds=2).frequencies(p, even, validated(np.eye(2), (1, 1)))
    odds = [(1.5 * 0.9, 0.5 * 0.1), (1.5 * 0.6, 0.5 * 0.4)]
    expected = np.mean([[a / (a + b), b / (a + b)] for a, b in odds], axis=0)
    np.testing.assert_allclose(two, expected)


def test_answers_are_multiplied_by_the_ratio_of_frequencies() -> None:
    linear = Linear(np.array([[1.0, 0.0]]), np.zeros(2), [0, 2])
    predictor = LinearPredictor(linear, np.array([2.0, 7.0, 0.5]))
    p = predictor.predict(speech([[math.log(3)], [0.0]]))
    # 0.75 x 2 against 0.25 x 0.5, and 0.5 x 2 against 0.5 x 0.5; class 1 was never seen.
    expected = torch.tensor([[1.5, 0.0, 0.125], [1.0, 0.0, 0.25]])
    torch.testing.assert_close(p, expected / expected.sum(dim=1, keepdim=True))
    nobody = LinearPredictor(linear, np.array([0.0, 1.0, 0.0]))
    torch.testing.assert_close(nobody.predict(speech([[0.0]])), torch.full((1, 3), 1 / 3))


def test_both_languages_weigh_the_same_in_the_frequencies_of_training() -> None:
    emotions = np.array([0, 0, 0, 1]), np.array([1, 1])
    known = Known(np.zeros((4, 1)), np.zeros((2, 1)), *emotions)
    np.testing.assert_allclose(frequencies_of(known, 3), [0.375, 0.625, 0.0])


@pytest.mark.parametrize("method", [BBSE, EMPrior])
def test_a_rare_class_of_the_target_is_answered_more_rarely(method: type[Method]) -> None:
    hard = 0.35  # of the usual distance between emotions
    parts = [labelled("frozen", 60, seed) for seed in (1, 2, 7)]
    for part in parts:
        part.speech.features.mul_(hard).add_(torch.randn(part.speech.features.shape))
    source, validation, target = parts
    heard = only(target, [0, 1])
    task = small_task(
        "frozen",
        source=source,
        source_validation=validation,
        target_labelled=nothing("frozen"),
        target_unlabelled=heard.speech,
    )
    settings = {"standardisation": "source"}
    shares = [
        torch.isin(m.fit(task).predict(heard.speech).argmax(dim=1), torch.tensor([0, 1])).float()
        for m in (method(**settings), method(twin=True, **settings))
    ]
    assert shares[0].mean() > shares[1].mean() + 0.1


# Label propagation.


def test_labels_go_along_a_chain_of_unlabelled_utterances() -> None:
    # Two chains that start at a labelled utterance; their ends are nearer to the other start.
    up = [[0.0, 0.1 * i] for i in range(1, 40)]
    down = [[0.5, 4.0 - 0.1 * i] for i in range(1, 40)]
    source = embedded(torch.tensor([[0.0, 0.0], [0.5, 4.0]]), [0, 1])
    task = two_classes(source, NOBODY, speech(up + down))
    ends = speech([[0.0, 3.9], [0.5, 0.1]])
    settings = {"neighbours": 3, "alpha": 0.9, "standardisation": "none"}
    p = LabelPropagation(**settings).fit(task).predict(ends)
    assert p.argmax(dim=1).tolist() == [0, 1]
    twin = LabelPropagation(twin=True, **{**settings, "neighbours": 1}).fit(task).predict(ends)
    assert twin.argmax(dim=1).tolist() == [1, 0]


def test_where_no_label_has_come_all_classes_are_as_probable() -> None:
    source = embedded(torch.tensor([[0.0, 0.0], [0.0, 0.1]]), [0, 1])
    far = [[90.0, 0.1 * i] for i in range(6)]
    task = two_classes(source, NOBODY, speech(far))
    method = LabelPropagation(neighbours=2, standardisation="none")
    p = method.fit(task).predict(speech([[90.0, 0.25], [0.0, -1.0]]))
    torch.testing.assert_close(p[0], torch.tensor([0.5, 0.5]))
    assert p[1, 0] > 0.4


# Neighbours, prototypes.


def test_neighbours_vote_by_their_cosine_each_language_by_itself() -> None:
    source = embedded(torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0]]), [0, 1, 1])
    target = embedded(torch.tensor([[3.0, 3.0]]), [1])
    settings = {"neighbours": 2, "temperature": 0.5, "standardisation": "none"}
    task = two_classes(source, target, NOBODY.speech)
    p = NearestNeighbours(**settings).fit(task).predict(speech([[5.0, 0.0]]))
    anger = math.exp(1 / 0.5) / (math.exp(1 / 0.5) + math.exp(0.0))
    torch.testing.assert_close(p, torch.tensor([[anger / 2, (1 - anger + 1) / 2]]))
    alone = two_classes(source, NOBODY, NOBODY.speech)
    p = NearestNeighbours(**settings).fit(alone).predict(speech([[5.0, 0.0]]))
    torch.testing.assert_close(p, torch.tensor([[anger, 1 - anger]]))


def test_class_means_are_of_directions_and_of_the_languages_that_have_the_class() -> None:
    source = embedded(torch.tensor([[2.0, 0.0], [0.0, 4.0], [0.0, 1.0]]), [0, 0, 1])
    target = embedded(torch.tensor([[0.0, -3.0]]), [1])
    means = joint_means(sums(source, 3), sums(target, 3))
    expected = torch.tensor([[0.5, 0.5], [0.0, 0.0], [0.0, 0.0]])
    torch.testing.assert_close(means, expected)


def test_prototypes_are_refined_once_by_soft_assignment() -> None:
    source = embedded(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), [0, 1])
    target = embedded(torch.tensor([[0.0, 1.0]]), [1])
    unlabelled = speech([[3.0, 4.0]])
    task = two_classes(source, target, unlabelled)
    settings = {"temperature": 0.5, "standardisation": "none"}
    asked = speech([[1.0, 0.0]])
    plain = Prototypes(twin=True, **settings).fit(task).predict(asked)
    torch.testing.assert_close(plain, torch.tensor([[2.0, 0.0]]).softmax(dim=1))
    a, b = torch.tensor([0.6, 0.8]).div(0.5).softmax(dim=0).tolist()  # of the unlabelled one
    z = np.array([0.6, 0.8])
    first = (np.array([1.0, 0.0]) + z) / 2  # the target has nobody else of class 0
    second = (np.array([0.0, 1.0]) + (np.array([0.0, 1.0]) + b * z) / (1 + b)) / 2
    cosines = [float(m[0] / np.linalg.norm(m)) for m in (first, second)]
    expected = torch.tensor([cosines]).div(0.5).softmax(dim=1)
    refined = Prototypes(**settings).fit(task).predict(asked)
    torch.testing.assert_close(refined, expected)
    assert a > 0


def test_a_row_depends_on_its_utterance_alone() -> None:
    heard: Tensor = unheard("frozen").speech.features
    for method in ALL:
        predictor = method().fit(small_task("frozen"))
        together = predictor.predict(speech(heard.tolist()))
        alone = torch.cat([predictor.predict(speech([row])) for row in heard.tolist()])
        torch.testing.assert_close(alone, together, atol=1e-5, rtol=1e-4)
