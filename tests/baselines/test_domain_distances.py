"""Deep CORAL and DAN: distances between the distributions of source and target."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import rbf_kernel
from tests.baselines.steps import embedded, emotion_loss, loss_of, ready, step_of
from torch import Tensor

from xlser_baselines.dan import DAN, discrepancy
from xlser_baselines.deep_coral import DeepCORAL, coral


def cloud(count: int, seed: int, shift: float = 0.0, spread: float = 1.0) -> Tensor:
    """Features of six dimensions that hang together."""
    random = torch.Generator().manual_seed(seed)
    mixing = torch.randn(6, 6, generator=torch.Generator().manual_seed(99))
    return shift + spread * torch.randn(count, 6, generator=random) @ mixing


# Deep CORAL.


def test_coral_is_the_squared_distance_of_numpys_covariances() -> None:
    one, other = cloud(20, 0), cloud(12, 1, shift=3.0, spread=2.0)
    gap = np.cov(one.numpy().T) - np.cov(other.numpy().T)
    assert coral(one, other).item() == pytest.approx((gap**2).sum() / (4 * 6**2), rel=1e-4)


def test_coral_sees_spread_and_not_place() -> None:
    one = cloud(20, 0)
    assert coral(one, one + 5).item() == pytest.approx(0, abs=1e-6)
    assert coral(one, 2 * one) > 0.1


def test_corals_gradient_is_its_slope() -> None:
    exact = coral.__wrapped__  # before it is held to float32
    parts = [x.double().requires_grad_(True) for x in (cloud(5, 0), cloud(4, 1, spread=2.0))]
    assert torch.autograd.gradcheck(exact, parts)


@pytest.mark.parametrize("sizes", [(0, 5), (5, 0), (1, 5), (5, 1)])
def test_coral_of_fewer_than_two_is_zero(sizes: tuple[int, int]) -> None:
    assert coral(cloud(sizes[0], 0), cloud(sizes[1], 1)).item() == 0.0


def test_deep_coral_aligns_source_and_target_of_a_batch() -> None:
    method = DeepCORAL(weight=50.0)
    step = step_of(method, ready(method))
    source, target = step.by_domain(*embedded(method, step.labelled.speech, step.unlabelled.speech))
    assert (len(source), len(target)) == (20, 20)
    expected = emotion_loss(method, step, step.unlabelled.speech) + 50 * coral(source, target)
    torch.testing.assert_close(loss_of(method, step), expected)


# DAN.


def test_the_discrepancy_is_that_of_five_of_scikit_learns_kernels() -> None:
    one, other = cloud(15, 0), cloud(9, 1, shift=0.5)
    both = torch.cat([one, other]).double()
    width = torch.cdist(both, both).square().mean().item()
    expected = 0.0
    for factor in (0.25, 0.5, 1, 2, 4):
        gamma = 1 / (factor * width)
        within = rbf_kernel(one, gamma=gamma).mean() + rbf_kernel(other, gamma=gamma).mean()
        expected += within - 2 * rbf_kernel(one, other, gamma=gamma).mean()
    assert discrepancy(one, other).item() == pytest.approx(expected, rel=1e-3)
    assert discrepancy(other, one).item() == pytest.approx(expected, rel=1e-3)


def test_the_discrepancy_of_a_set_from_itself_is_zero() -> None:
    one = cloud(15, 0)
    assert discrepancy(one, one).item() == pytest.approx(0, abs=1e-5)
    assert discrepancy(one, one[torch.randperm(15)]).item() == pytest.approx(0, abs=1e-5)


def test_the_discrepancy_grows_with_the_shift_and_sees_spread() -> None:
    one = cloud(40, 0)
    shifted = [discrepancy(one, one + shift).item() for shift in (0.0, 0.5, 1.0, 2.0, 4.0)]
    assert shifted == sorted(shifted)
    assert shifted[1] > 1e-3
    assert discrepancy(one, 3 * one) > 1e-2


@pytest.mark.parametrize("sizes", [(0, 5), (5, 0), (0, 0)])
def test_the_discrepancy_from_nobody_is_zero(sizes: tuple[int, int]) -> None:
    assert discrepancy(cloud(sizes[0], 0), cloud(sizes[1], 1)).item() == 0.0


def test_the_discrepancy_of_equal_rows_has_a_finite_gradient() -> None:
    one = torch.ones(4, 6, requires_grad=True)
    discrepancy(one, torch.ones(3, 6)).backward()
    assert torch.isfinite(one.grad).all()


def test_dan_compares_source_and_target_of_a_batch() -> None:
    method = DAN(weight=2.0)
    step = step_of(method, ready(method))
    parts = embedded(method, step.labelled.speech, step.unlabelled.speech)
    distance = discrepancy(*step.by_domain(*parts))
    expected = emotion_loss(method, step, step.unlabelled.speech) + 2 * distance
    torch.testing.assert_close(loss_of(method, step), expected)


@pytest.mark.parametrize("function", [coral, discrepancy])
def test_differences_of_large_sums_are_taken_in_float32(function: Any) -> None:
    one, other = cloud(15, 0, shift=10.0), cloud(15, 1, shift=10.0)
    expected = function(one, other)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(function(one, other), expected)
