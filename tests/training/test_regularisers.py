import math

import numpy as np
import pytest
import torch
from tests.training.numerics import gradient, slopes
from torch import Tensor

from xlser.training import divergence_from_prior, entropy

UNIFORM = torch.full((5,), 0.2)
SKEWED = torch.tensor([0.4, 0.3, 0.2, 0.08, 0.02])


def certain_of(*labels: int) -> Tensor:
    """Logits that leave no doubt, far beyond what float32 can exponentiate."""
    return 1e4 * torch.nn.functional.one_hot(torch.tensor(labels), 5).float()


def test_entropy_is_zero_where_an_answer_is_certain() -> None:
    assert entropy(certain_of(0, 3, 4)).tolist() == [0.0, 0.0, 0.0]


def test_entropy_is_greatest_where_all_classes_are_alike() -> None:
    assert entropy(torch.full((2, 5), 7.0)).tolist() == pytest.approx([math.log(5)] * 2)
    assert (entropy(torch.randn(50, 5)) < math.log(5)).all()


def test_entropy_is_that_of_the_softmax() -> None:
    logits = 3 * torch.randn(8, 5)
    p = logits.double().softmax(dim=1).numpy()
    np.testing.assert_allclose(entropy(logits), -(p * np.log(p)).sum(axis=1), rtol=1e-5)


def test_the_gradient_of_entropy_is_its_slope_and_vanishes_at_certainty() -> None:
    logits = torch.randn(3, 5)
    torch.testing.assert_close(
        gradient(lambda x: entropy(x).mean(), logits),
        slopes(lambda x: entropy(x).mean(), logits, step=1e-2),
        atol=2e-4,
        rtol=1e-3,
    )
    assert gradient(lambda x: entropy(x).mean(), certain_of(0, 3)).count_nonzero() == 0


def test_entropy_of_half_precision_logits_is_computed_in_float32() -> None:
    logits = torch.randn(4, 5).bfloat16()
    assert entropy(logits).dtype == torch.float32
    torch.testing.assert_close(entropy(logits), entropy(logits.float()))


@pytest.mark.parametrize("prior", [UNIFORM, SKEWED])
def test_divergence_is_zero_where_the_mean_answer_is_the_prior(prior: Tensor) -> None:
    assert divergence_from_prior(prior.log()[None], prior).item() == pytest.approx(0, abs=1e-6)
    # No answer is the prior here, their mean is.
    apart = torch.tensor([0.02, -0.01, -0.01, 0.01, -0.01])
    mirrored = torch.stack([prior + apart, prior - apart]).log()
    assert divergence_from_prior(mirrored, prior).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("prior", [UNIFORM, SKEWED, torch.tensor([0.5, 0.5, 0.0, 0.0, 0.0])])
def test_divergence_is_that_of_kullback_and_leibler(prior: Tensor) -> None:
    logits = 2 * torch.randn(7, 5)
    mean = logits.double().softmax(dim=1).mean(dim=0).numpy()
    expected = sum(q * math.log(q / m) for q, m in zip(prior.tolist(), mean, strict=True) if q)
    assert divergence_from_prior(logits, prior).item() == pytest.approx(expected, abs=1e-6)
    assert expected > 0


def test_a_class_absent_from_the_prior_counts_for_nothing() -> None:
    prior = torch.tensor([0.5, 0.5, 0.0, 0.0, 0.0])
    assert divergence_from_prior(certain_of(0, 1), prior).item() == pytest.approx(0, abs=1e-6)


def test_divergence_grows_as_a_class_of_the_prior_is_forgotten() -> None:
    forgetting = [torch.tensor([[0.0, 0.0, 0.0, 0.0, -d]]) for d in (0.0, 2.0, 5.0, 12.0)]
    values = [divergence_from_prior(logits, UNIFORM).item() for logits in forgetting]
    assert values == sorted(values)
    assert values[-1] > 2
    forgotten = divergence_from_prior(certain_of(0, 0), UNIFORM)
    assert values[-1] < forgotten.item() < math.inf


def test_the_gradient_of_divergence_is_its_slope_and_finite() -> None:
    logits = torch.randn(4, 5)

    def divergence(x: Tensor) -> Tensor:
        return divergence_from_prior(x, SKEWED)

    torch.testing.assert_close(
        gradient(divergence, logits), slopes(divergence, logits, step=1e-2), atol=2e-4, rtol=1e-3
    )
    assert torch.isfinite(gradient(divergence, certain_of(0, 0, 1))).all()
    # Downhill leads from the class answered too often to those answered too rarely.
    often = gradient(divergence, torch.tensor([[0.0, 0.0, 0.0, 0.0, 3.0]]))
    assert (often[0, :4] < 0).all()
    assert often[0, 4] > 0
