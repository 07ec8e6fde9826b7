"""CADA: a critic of class and domain, and its pseudo-labels."""

from typing import Any

import pytest
import torch
from tests.baselines.steps import embedded, emotion_loss, loss_of, ready, step_of
from tests.tasks import labelled, nothing, same_weights, small_task
from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.training import Step
from xlser_baselines.cada import CADA


def test_cada_draws_unlabelled_speech_only_without_labels() -> None:
    elsewhere = {"target_unlabelled": labelled("frozen", 3, seed=60, shift=5.0).speech}

    def weights(**changes: Any) -> dict[str, Tensor]:
        method = CADA(tau=0.3)
        method.fit(small_task("frozen", **changes))
        return method.model.state_dict()

    assert same_weights(weights(), weights(**elsewhere))
    no_labels = {"target_labelled": nothing("frozen")}
    assert not same_weights(weights(**no_labels), weights(**no_labels, **elsewhere))


def answers_of_critic(method: CADA, step: Step) -> tuple[Tensor, Tensor]:
    """The critic's answers to source and target after a hundred steps."""
    for _ in range(100):
        method.loss(step)
    parts = embedded(method, step.labelled.speech, step.unlabelled.speech)
    source, target = step.by_domain(*parts)
    return method._critic(source), method._critic(target)


def apart() -> dict[str, Any]:
    """A frozen task whose target lies apart from the source, so that a critic separates them."""
    return {
        "target_labelled": labelled("frozen", 2, seed=3, shift=3.0),
        "target_unlabelled": labelled("frozen", 6, seed=4, shift=3.0).speech,
    }


def test_cadas_critic_learns_class_and_domain_and_the_encoder_to_pass_for_the_source() -> None:
    method = CADA(weight=1.0)
    task = ready(method, "frozen", **apart())
    step = step_of(method, task)
    method.model.encoder.eval()
    of_source, of_target = answers_of_critic(method, step)
    emotion, target = step.labelled.emotion, step.labelled.target
    assert (of_source.argmax(dim=1) == emotion[~target]).float().mean() > 0.9
    assert (of_target.argmax(dim=1) == 5 + emotion[target]).float().mean() > 0.9
    # What the encoder is charged with is the target's distance from the source's class.
    z, _ = embedded(method, step.labelled.speech, step.unlabelled.speech)
    charged = loss_of(method, step) - emotion_loss(method, step)
    expected = cross_entropy(method._critic(z[target]), emotion[target])
    assert charged.item() == pytest.approx(expected.item(), rel=0.1)
    assert charged > 1


def test_cadas_sure_pseudo_labels_stand_in_for_labels() -> None:
    method = CADA(tau=0.6)
    task = ready(method, "frozen", **{**apart(), "target_labelled": nothing("frozen")})
    method.model.encoder.eval()
    with torch.no_grad():
        method.model.head.weight.mul_(5)
    step = step_of(method, task)
    _, of_target = answers_of_critic(method, step)
    z = embedded(method, step.labelled.speech, step.unlabelled.speech)[1]
    p = method.model.head(z).softmax(dim=1)
    sure = p.amax(dim=1) >= 0.6
    assert 4 < sure.sum() < len(sure)
    answers = of_target.argmax(dim=1) == 5 + p.argmax(dim=1)
    assert answers[sure].float().mean() > 0.9
    assert answers[~sure].float().mean() < answers[sure].float().mean()
    charged = loss_of(method, step) - emotion_loss(method, step)
    expected = cross_entropy(method._critic(z[sure]), p.argmax(dim=1)[sure])
    assert charged.item() == pytest.approx(expected.item(), rel=0.1)


def test_unsure_pseudo_labels_count_for_nothing() -> None:
    method = CADA(tau=1.01)
    step = step_of(method, ready(method, target_labelled=nothing("finetune")))
    expected = emotion_loss(method, step, step.unlabelled.speech)
    torch.testing.assert_close(loss_of(method, step), expected)
