import pytest
import torch

from xlser.backbones.dropout import Dropout


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_values_are_zeroed_at_the_rate_and_the_others_scaled(
    rate: float, dtype: torch.dtype
) -> None:
    torch.manual_seed(0)
    out = Dropout(rate)(torch.ones(501, 997, dtype=dtype))
    assert out.dtype == dtype
    assert (out == 0).float().mean().item() == pytest.approx(rate, abs=0.004)
    expected = (torch.ones((), dtype=dtype) / (1 - rate)).item()
    assert out.unique().tolist() == pytest.approx([0, expected], rel=1e-2)


def test_each_value_is_drawn_for_itself() -> None:
    torch.manual_seed(0)
    dropped = (Dropout(0.5)(torch.ones(4000, 40)) == 0).float()
    assert (torch.corrcoef(dropped.T) - torch.eye(40)).abs().max() < 0.08
    assert not torch.equal(dropped[0], dropped[1])


def test_the_gradient_is_dropped_likewise() -> None:
    x = torch.randn(30, 7, requires_grad=True)
    out = Dropout(0.3)(x)
    out.sum().backward()
    torch.testing.assert_close(x.grad, (out / x).detach())


def test_evaluation_and_rate_zero_leave_all_as_it_is() -> None:
    x = torch.randn(3, 5)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_the_same_seed_gives_the_same_mask() -> None:
    masks = []
    for _ in range(2):
        torch.manual_seed(3)
        masks.append(Dropout(0.3)(torch.ones(9, 9)))
    assert torch.equal(*masks)
