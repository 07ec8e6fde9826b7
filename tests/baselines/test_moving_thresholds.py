"""Thresholds and weights that follow the model move in a training of our length."""

from collections.abc import Callable

import pytest
import torch
from tests.tasks import SHORT, labelled, small_task
from tests.tools.thresholds import NotingFree, NotingSoft
from torch import Tensor

USB = 0.999  # momentum, made for 102,400 steps
STEPS = 600


def weights(kind: type[NotingFree | NotingSoft], **settings: float) -> Tensor:
    """Weights over a training, on speech of overlapping emotions, shape (steps, unlabelled)."""
    schedule = SHORT.model_copy(update={"epochs": 100, "steps": STEPS, "learning_rate": 1e-3})
    target = labelled("frozen", 6, seed=4, shift=0.3).speech
    target.features.mul_(0.3)  # less clear than the source
    method = kind(**settings)
    method.fit(small_task("frozen", schedule=schedule, target_unlabelled=target))
    return torch.stack([weight for _, _, weight in method.notes])


def in_quarters(of: Tensor, what: Callable[[Tensor], Tensor]) -> list[float]:
    return [what(part).item() for part in of.chunk(4)]


def test_freematch_drops_utterances_in_every_quarter_of_training() -> None:
    kept = weights(NotingFree)
    assert max(in_quarters(kept, torch.mean)) < 0.95
    assert min(in_quarters(kept, torch.mean)) > 0.1


def test_softmatch_weighs_utterances_down_in_every_quarter_of_training() -> None:
    weight = weights(NotingSoft)
    assert max(in_quarters(weight, torch.amin)) < 0.9
    assert max(in_quarters(weight, torch.mean)) < 0.99


@pytest.mark.parametrize("kind", [NotingFree, NotingSoft])
def test_with_the_momentum_for_102400_steps_they_hardly_act(
    kind: type[NotingFree | NotingSoft],
) -> None:
    """What this suite had until 0.1: it shows that the tests above can fail."""
    slow = torch.log(torch.tensor(0.5)).item() / torch.log(torch.tensor(USB)).item() / STEPS
    first_half = weights(kind, half_life=slow)[: STEPS // 2]
    assert first_half.mean() > 0.99
