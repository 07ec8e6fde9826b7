"""FLUDA: episodes of support and queries, a learnt metric, and pseudo-labels."""

import math
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.baselines.steps import loss_of, ready, step_of
from tests.tasks import labelled, nothing, unheard
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, one_hot

from xlser.methods import Task
from xlser.training import Step, embed, shots_of_each_class
from xlser_baselines.fluda import FLUDA, Metric


def of_pairs(metric: Metric, pairs: Tensor) -> Tensor:
    """The metric as the paper states it: layers over a class mean and an embedding, joined."""
    return metric.last(metric.first(pairs).relu())[..., 0]


def an_episode(shots: int, **changes: Any) -> tuple[FLUDA, Task, Step]:
    method = FLUDA(shots=shots)
    task = ready(method, "frozen", **changes)
    method.model.encoder.eval()
    return method, task, step_of(method, task)


@pytest.mark.parametrize("shots", [1, 2, 5])
def test_pseudo_labelled_queries_are_the_most_similar_of_each_class(shots: int) -> None:
    method, _, step = an_episode(shots)
    unlabelled = step.unlabelled.speech
    means = torch.randn(5, 256)
    z = method.model.embed(unlabelled).detach()
    logits = method.metric(means, z)
    expected: list[tuple[int, int]] = []
    for label in range(5):
        of_class = [row for row in range(len(z)) if logits[row].argmax() == label]
        of_class.sort(key=lambda row: -logits[row].max().item())
        expected += [(row, label) for row in of_class[:shots]]
    chosen, answers = method._most_similar(means, z)
    assert answers.tolist() == logits.argmax(dim=1).tolist()
    found = zip(chosen.tolist(), answers[chosen].tolist(), strict=True)
    assert list(found) == expected
    assert len({label for _, label in expected}) > 1


def test_the_queries_of_an_episode_are_those_labelled_in_the_one_before() -> None:
    method, _, step = an_episode(shots=2)
    assert method._pseudo is None
    method.loss(step)
    speech, emotion = method._pseudo
    assert len(speech) == len(emotion) > 0
    assert (torch.bincount(emotion, minlength=5) <= 2).all()
    rows = {tuple(row.tolist()) for row in step.unlabelled.speech}
    assert all(tuple(row.tolist()) in rows for row in speech)
    # With them the loss has a domain term more: an untrained head is as good as a coin.
    without = deepcopy(method)
    without._pseudo = None
    gain = loss_of(method, step) - loss_of(without, step)
    assert gain.item() == pytest.approx(math.log(2), abs=0.35)


def test_an_episode_is_the_squared_error_of_similarities_to_class_means() -> None:
    method, _, step = an_episode(shots=2)
    emotion = step.labelled.emotion
    z = method.model.embed(step.labelled.speech)

    def error(support: list[int], real: list[int]) -> Tensor:
        means = torch.zeros(5, 256)
        for label in emotion[support].unique().tolist():
            means[label] = z[[place for place in support if emotion[place] == label]].mean(dim=0)
        pairs = [torch.cat([means, z[place].expand(5, -1)], dim=1) for place in real]
        similarity = torch.sigmoid(of_pairs(method.metric, torch.stack(pairs)))
        return (similarity - one_hot(emotion[real], 5)).square().mean()

    counts = torch.bincount(emotion, minlength=5).tolist()
    assert max(counts) > 4  # so that support and queries are drawn from more than they need
    losses = {round(loss_of(method, step, seed).item(), 6) for seed in range(20)}
    assert len(losses) > 10
    # Two classes of four utterances each: whichever are drawn, two are support and two queries.
    first = [place for label in (0, 1) for place in torch.where(emotion == label)[0][:4].tolist()]
    few = replace(
        step,
        labelled=replace(
            step.labelled,
            speech=step.labelled.speech[first],
            emotion=emotion[first],
        ),
    )
    pairs = [(a, b) for a in range(4) for b in range(a)]
    possible = [
        error(
            [*(first[i] for i in one), *(first[4 + i] for i in other)],
            [
                *(first[i] for i in range(4) if i not in one),
                *(first[4 + i] for i in range(4) if i not in other),
            ],
        ).item()
        for one in pairs
        for other in pairs
    ]
    got = loss_of(method, few).item()
    assert min(abs(got - value) for value in possible) < 1e-5


def test_queries_of_the_second_episode_are_real_ones_and_those_pseudo_labelled() -> None:
    method, task, first = an_episode(shots=2)
    method.loss(first)
    speech, pseudo = method._pseudo
    step = step_of(method, task, seed=1)
    emotion = step.labelled.emotion
    torch.manual_seed(3)
    chosen = shots_of_each_class(emotion, 4, 5)
    support, real = chosen[0::2], chosen[1::2]
    with torch.no_grad():
        z = method.model.embed(step.labelled.speech)
        means = torch.stack([z[support][emotion[support] == c].mean(dim=0) for c in range(5)])
        queries = torch.cat([z[real], method.model.embed(speech)])
        wanted = one_hot(torch.cat([emotion[real], pseudo]), 5)
        similarity = torch.sigmoid(method.metric(means, queries))
        made_up = torch.cat([torch.zeros(len(real)), torch.ones(len(pseudo))])
        domain = binary_cross_entropy_with_logits(method.auxiliary(queries), made_up)
        expected = (similarity - wanted).square().mean() + domain
    torch.testing.assert_close(loss_of(method, step, seed=3), expected)


def test_the_nearest_class_mean_predicts_in_proportion_to_similarity() -> None:
    method = FLUDA()
    task = ready(method, "frozen", target_labelled=labelled("frozen", 2, seed=3, shift=2.0))
    speech = unheard("frozen").speech
    probabilities = method.predictor(task).predict(speech)
    parts = [(task.source.speech, task.source.emotion)]
    parts += [(task.target_labelled.speech, task.target_labelled.emotion)]
    of_language = []
    for part, emotion in parts:
        z = embed(method.model.encoder, part)
        of_language.append(torch.stack([z[emotion == label].mean(dim=0) for label in range(5)]))
    means = (of_language[0] + of_language[1]) / 2  # each language counts alike
    z = embed(method.model.encoder, speech)
    with torch.no_grad():
        pairs = [torch.cat([means, row.expand(5, -1)], dim=1) for row in z]
        similarity = torch.sigmoid(of_pairs(method.metric, torch.stack(pairs)))
    expected = similarity / similarity.sum(dim=1, keepdim=True)
    torch.testing.assert_close(probabilities, expected, atol=1e-5, rtol=1e-4)


def test_a_class_that_one_language_lacks_has_the_other_ones_mean() -> None:
    method = FLUDA()
    few = labelled("frozen", 2, seed=3, shift=2.0)
    without_fear = torch.where(few.emotion != 1)[0]
    target = replace(few, speech=few.speech[without_fear], emotion=few.emotion[without_fear])
    task = ready(method, "frozen", target_labelled=target)
    means = method.predictor(task)._network.means
    z = embed(method.model.encoder, task.source.speech)
    torch.testing.assert_close(means[1], z[task.source.emotion == 1].mean(dim=0))
    alone = ready(method, "frozen", target_labelled=nothing("frozen"))
    z = embed(method.model.encoder, alone.source.speech)
    of_source = torch.stack([z[alone.source.emotion == c].mean(dim=0) for c in range(5)])
    torch.testing.assert_close(method.predictor(alone)._network.means, of_source)
