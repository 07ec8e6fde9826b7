from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from xlser.training import Adapter, together
from xlser.training.model import EmotionModel


def network() -> nn.Module:
    """A network in which all rows of a batch depend on each other."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3)).train()


@pytest.mark.parametrize("sizes", [(5,), (3, 4), (1, 4, 2), (0, 5), (5, 0), (3, 0, 2), (2, 3, 0)])
def test_parts_go_through_as_one_batch(sizes: tuple[int, ...]) -> None:
    parts = [torch.randn(size, 4) for size in sizes]
    made = together(network(), *parts)
    assert [len(part) for part in made] == [*sizes]
    torch.testing.assert_close(torch.cat(made), network()(torch.cat(parts)))


def test_each_part_gets_its_gradient() -> None:
    one, other = (torch.randn(3, 4, requires_grad=True) for _ in range(2))
    _, last = together(network(), one, other)
    last.square().sum().backward()
    assert other.grad.abs().max() > 0
    assert one.grad.abs().max() > 0  # through the statistics of the batch


def test_batch_norm_sees_one_batch() -> None:
    norm = nn.BatchNorm1d(4)
    together(norm, torch.randn(3, 4), torch.randn(5, 4), torch.randn(2, 4))
    assert norm.num_batches_tracked == 1


def test_a_dimension_that_hardly_varies_is_not_blown_up() -> None:
    source = torch.randn(200, 16) * torch.logspace(-1, 1, 16)
    source[:, 3] = 1e-7 * torch.randn(200)
    adapter = Adapter(source)
    ordinary = [i for i in range(16) if i != 3 and adapter.std[i] > 0.2]
    torch.testing.assert_close(adapter.std[ordinary], source.std(dim=0)[ordinary])
    assert adapter.std[3] > 0.05 * source.std(dim=0).median()


def test_one_utterance_is_standardised_by_its_mean_alone() -> None:
    adapter = Adapter(torch.randn(1, 16))
    torch.testing.assert_close(adapter.std, torch.ones(16))


class FirstFrame(nn.Module):
    """An encoder whose embedding is the first frame."""

    def forward(self, speech: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return (batch, mels)."""
        return speech[:, 0] if lengths is None else speech[:, 0] * (lengths > 0)[:, None]


def test_only_crops_in_training_go_through_what_is_compiled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whole utterances have a shape each: torch would compile them one by one."""
    through: list[Tensor] = []

    def compile_(module: nn.Module, *, dynamic: bool) -> None:
        assert not dynamic
        module._compiled_call_impl = lambda *x: through.append(x[0]) or module._call_impl(*x)

    monkeypatch.setattr(nn.Module, "compile", compile_)
    model, crops = EmotionModel(FirstFrame(), 4, 3), torch.randn(2, 5, 4)
    expected = model(crops)
    model.compile_encoder()
    assert list(model.state_dict()) == ["head.weight", "head.bias"]
    assert torch.equal(model.train()(crops), expected)
    assert len(through) == 1
    lengths = torch.tensor([5, 3])
    for answer in (model(crops, lengths), model.eval()(crops), deepcopy(model).train()(crops)):
        assert torch.equal(answer, expected)
    assert len(through) == 1
