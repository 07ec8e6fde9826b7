import pytest
import torch
from torch.nn.functional import cosine_similarity

from xlser.training import MemoryBank


def test_items_are_normalised() -> None:
    bank = MemoryBank(torch.tensor([[3.0, 4.0], [0.0, -2.0]]), momentum=0.5)
    torch.testing.assert_close(bank.features, torch.tensor([[0.6, 0.8], [0.0, -1.0]]))


def test_similarity_is_the_cosine_with_every_item() -> None:
    items, features = torch.randn(7, 5), 3 * torch.randn(4, 5)
    expected = cosine_similarity(features[:, None], items[None], dim=2)
    torch.testing.assert_close(MemoryBank(items, 0.5).similarity(features), expected)


def test_a_visit_moves_an_item_by_its_share_and_normalises_it() -> None:
    bank = MemoryBank(torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), momentum=0.25)
    bank.visit(torch.tensor([2, 1]), torch.tensor([[0.0, 7.0], [0.0, 2.0]]))
    moved = torch.tensor([0.25, 0.75])
    expected = torch.stack(
        [torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), moved / moved.norm()]
    )
    torch.testing.assert_close(bank.features, expected)


@pytest.mark.parametrize(("momentum", "stays"), [(0.0, False), (1.0, True)])
def test_momentum_is_the_share_that_stays(momentum: float, stays: bool) -> None:
    old, new = torch.randn(3, 4), torch.randn(3, 4)
    bank = MemoryBank(old, momentum)
    bank.visit(torch.arange(3), new)
    expected = MemoryBank(old if stays else new, 0.5).features
    torch.testing.assert_close(bank.features, expected)


def test_a_memory_keeps_no_gradient_and_its_similarity_has_one() -> None:
    features = torch.randn(3, 4, requires_grad=True)
    bank = MemoryBank(features, 0.5)
    bank.visit(torch.tensor([0]), features[:1])
    assert not bank.features.requires_grad
    bank.similarity(features).sum().backward()
    assert features.grad.abs().max() > 0


def test_a_memory_is_a_copy_of_what_it_was_made_from() -> None:
    features = torch.nn.functional.normalize(torch.randn(3, 4), dim=1)
    before = features.clone()
    MemoryBank(features, 0.5).visit(torch.arange(3), torch.randn(3, 4))
    assert torch.equal(features, before)
