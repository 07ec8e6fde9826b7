import numpy as np
import pytest
import torch

from xlser.training import class_means, shots_of_each_class

EMOTION = torch.tensor([0, 2, 2, 0, 2, 1, 2, 0, -1, 2])  # no 3; -1 is not to be chosen


def chosen(shots: int, seed: int = 0) -> list[int]:
    torch.manual_seed(seed)
    return shots_of_each_class(EMOTION, shots, classes=4).tolist()


@pytest.mark.parametrize("shots", [1, 2, 3, 9])
def test_of_each_class_as_many_are_chosen_or_all_there_are(shots: int) -> None:
    places = chosen(shots)
    counts = [sum(EMOTION[place] == label for place in places) for label in range(4)]
    assert counts == [min(shots, there) for there in (3, 1, 5, 0)]
    assert len(set(places)) == len(places)
    assert 8 not in places


def test_the_draw_follows_the_seed_and_leaves_nobody_out() -> None:
    assert chosen(2, seed=1) == chosen(2, seed=1)
    draws = [chosen(2, seed=seed) for seed in range(30)]
    assert {place for draw in draws for place in draw} == set(range(10)) - {8}


def test_class_means_are_those_of_numpy_and_zero_for_an_absent_class() -> None:
    features, emotion = torch.randn(9, 3), torch.tensor([0, 1, 1, 3, 0, 0, 3, 1, 0])
    means = class_means(features, emotion, classes=5)
    for label in (0, 1, 3):
        expected = features.numpy()[emotion.numpy() == label].mean(axis=0)
        np.testing.assert_allclose(means[label], expected, rtol=1e-5, atol=1e-6)
    assert means[[2, 4]].count_nonzero() == 0


def test_a_class_mean_passes_its_gradient_to_its_members() -> None:
    features = torch.randn(4, 2, requires_grad=True)
    class_means(features, torch.tensor([0, 0, 1, 0]), classes=2)[0].sum().backward()
    third = torch.full((2,), 1 / 3)
    expected = torch.stack([third, third, torch.zeros(2), third])
    torch.testing.assert_close(features.grad, expected)


def test_class_means_of_nobody_are_zero() -> None:
    means = class_means(torch.zeros(0, 3), torch.zeros(0, dtype=torch.long), classes=2)
    assert torch.equal(means, torch.zeros(2, 3))
