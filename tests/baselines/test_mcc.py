"""MCC: minimum class confusion."""

import numpy as np
import pytest
import torch
from tests.baselines.steps import emotion_loss, loss_of, ready, step_of

from xlser_baselines.mcc import MCC, class_confusion


def confusion_in_a_loop(logits: np.ndarray) -> float:
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    certainty = 1 + np.exp((p * np.log(p)).sum(axis=1))
    weight = len(p) * certainty / certainty.sum()
    classes, confused = p.shape[1], 0.0
    for one in range(classes):
        row = [
            sum(w * a[one] * a[other] for w, a in zip(weight, p, strict=True))
            for other in range(classes)
        ]
        confused += sum(row[other] for other in range(classes) if other != one) / sum(row)
    return confused / classes


def test_class_confusion_is_that_of_a_loop() -> None:
    logits = 2 * torch.randn(11, 5, generator=torch.Generator().manual_seed(0))
    expected = confusion_in_a_loop(logits.double().numpy())
    assert class_confusion(logits).item() == pytest.approx(expected, rel=1e-5)


def test_nothing_is_confused_where_every_class_is_answered_with_certainty() -> None:
    assert class_confusion(1e4 * torch.eye(5)).item() == pytest.approx(0, abs=1e-6)
    assert class_confusion(1e4 * torch.eye(5).repeat(3, 1)).item() == pytest.approx(0, abs=1e-6)


def test_everything_is_confused_where_all_answers_are_alike() -> None:
    assert class_confusion(torch.zeros(7, 5)).item() == pytest.approx(1 - 1 / 5)
    one_class = torch.tensor([[4.0, 0.0, 0.0, 0.0, 0.0]]).repeat(7, 1)
    assert class_confusion(one_class).item() == pytest.approx(1 - 1 / 5)


def test_class_confusion_of_certain_answers_has_a_finite_gradient() -> None:
    logits = (1e4 * torch.eye(5)[:3]).requires_grad_(True)
    class_confusion(logits).backward()
    assert torch.isfinite(logits.grad).all()


def test_mcc_looks_at_unlabelled_answers_softened() -> None:
    method = MCC(temperature=2.5)
    step = step_of(method, ready(method))
    with torch.no_grad():
        logits = method.model(torch.cat([step.labelled.speech, step.unlabelled.speech]))
    expected = emotion_loss(method, step, step.unlabelled.speech) + class_confusion(
        logits[len(step.labelled.emotion) :] / 2.5
    )
    torch.testing.assert_close(loss_of(method, step), expected)
