"""Thresholds and weights that follow the model move in a training of our length."""

from collections.abc import Callable

import pytest
import torch
from tests.tasks import SHORT, labelled, small_task
from torch import Tensor

from xlser.methods import Task
from xlser.training import GradientMethod, Step
from xlser_baselines.freematch import FreeMatch
from xlser_baselines.softmatch import SoftMatch

USB = 0.999  # momentum, made for 102,400 steps


class NotingFree(FreeMatch):
    """Keeps what it kept."""

    def setup(self, task: Task) -> None:
        super().setup(task)
        self.weights: list[Tensor] = []
        rule = self._threshold
        own = rule.__call__

        class Noted:
            mean = property(lambda _: rule.mean)

            def __call__(_, p: Tensor, progress: float) -> Tensor:  # noqa: N805
                self.weights.append(own(p, progress))
                return self.weights[-1]

        self._threshold = Noted()


class NotingSoft(SoftMatch):
    """Keeps its weights."""

    def setup(self, task: Task) -> None:
        super().setup(task)
        self.weights: list[Tensor] = []

    def weigh(self, p: Tensor, step: Step) -> Tensor:
        self.weights.append(super().weigh(p, step))
        return self.weights[-1]


def weights(kind: type[GradientMethod], **settings: float) -> Tensor:
    """Weights over 1,500 steps on speech of overlapping emotions, shape (steps, unlabelled)."""
    schedule = SHORT.model_copy(update={"epochs": 100, "steps": 1500, "learning_rate": 1e-3})
    target = labelled("frozen", 6, seed=4, shift=0.3).speech
    target.features.mul_(0.3)  # less clear than the source
    method = kind(**settings)
    method.fit(small_task("frozen", schedule=schedule, target_unlabelled=target))
    return torch.stack(method.weights)


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
def test_with_the_momentum_for_102400_steps_they_hardly_act(kind: type[GradientMethod]) -> None:
    """What this suite had until 0.1: it shows that the tests above can fail."""
    slow = torch.log(torch.tensor(0.5)).item() / torch.log(torch.tensor(USB)).item() / 1500
    first_half = weights(kind, half_life=slow)[:750]
    assert first_half.mean() > 0.99
