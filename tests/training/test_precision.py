import torch
from torch import Tensor

from xlser.training import in_float32


def covariance_gap(one: Tensor, other: Tensor) -> Tensor:
    """A small difference of large sums."""
    return (one.T @ one - other.T @ other).square().sum()


def case() -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    one = 10 + torch.randn(32, 8)
    return one, one + 0.01 * torch.randn(32, 8)


def test_under_autocast_results_are_those_of_float32() -> None:
    one, other = case()
    expected = covariance_gap(one, other)
    with torch.autocast("cpu", torch.bfloat16):
        spoilt = covariance_gap(one, other)
        exact = in_float32(covariance_gap)(one, other)
    assert torch.equal(exact, expected)
    assert (spoilt.float() - expected).abs() > 0.1 * expected


def test_half_precision_arguments_are_widened() -> None:
    one, other = (x.bfloat16() for x in case())
    with torch.autocast("cpu", torch.bfloat16):
        exact = in_float32(covariance_gap)(one, other)
    assert exact.dtype == torch.float32
    assert torch.equal(exact, covariance_gap(one.float(), other.float()))


def test_gradients_return_in_the_arguments_precision() -> None:
    one, other = case()
    half = one.bfloat16().requires_grad_(True)
    with torch.autocast("cpu", torch.bfloat16):
        gap = in_float32(covariance_gap)(half, other)
    gap.backward()  # beyond autocast, as everywhere
    wide = half.detach().float().requires_grad_(True)
    covariance_gap(wide, other).backward()
    assert half.grad.dtype == torch.bfloat16
    torch.testing.assert_close(half.grad, wide.grad.bfloat16())


def test_autocast_goes_on_after_it() -> None:
    one, _ = case()
    with torch.autocast("cpu", torch.bfloat16):
        in_float32(covariance_gap)(one, one)
        assert (one.T @ one).dtype == torch.bfloat16


def test_a_function_keeps_its_name_and_docstring() -> None:
    exact = in_float32(covariance_gap)
    assert (exact.__name__, exact.__doc__) == ("covariance_gap", covariance_gap.__doc__)
