"""The suite's own kernels and torch's give the same results."""

import pytest
import torch
from tests.tasks import small_task
from torch import Tensor

from xlser.errors import SettingsError
from xlser.methods import get_method
from xlser.training.kernels import new_adam
from xlser.training.kernels.adam import Adam, TorchsAdam
from xlser.training.kernels.switch import SWITCH


def predictions(method: str) -> Tensor:
    task = small_task("frozen")
    return get_method(method)().fit(task).predict(task.target_unlabelled)


# sft: Adam. gan-adaptation: Adam with other betas, and the slope of its critic.
@pytest.mark.parametrize("method", ["sft", "gan-adaptation"])
def test_predictions_are_the_same_to_the_bit(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SWITCH, raising=False)
    own = predictions(method)
    monkeypatch.setenv(SWITCH, "torch")
    assert torch.equal(own, predictions(method))


def test_parameters_of_two_learning_rates_move_the_same() -> None:
    moved = []
    for adam in (Adam, TorchsAdam):
        torch.manual_seed(0)
        parameters = [torch.randn(5, 3, requires_grad=True) for _ in range(3)]
        optimiser = adam(parameters, 1e-2, factors={id(parameters[1]): 0.1})
        for step in range(5):
            optimiser.zero_grad()
            sum((p**2).sum() for p in parameters).backward()
            optimiser.learning_rate = 1e-2 / (step + 1)
            optimiser.step()
        moved.append(torch.stack(parameters).detach())
    assert torch.equal(*moved)
    torch.manual_seed(0)
    steps = [float((torch.randn(5, 3) - p).abs().mean()) for p in moved[0]]
    assert steps[1] < steps[0] / 5


def test_the_switch_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    weight = torch.ones(2, requires_grad=True)
    for asked, kind in (("own", Adam), ("torch", TorchsAdam), ("compiled", Adam)):
        monkeypatch.setenv(SWITCH, asked)
        assert type(new_adam([weight], 1e-3)) is kind
    monkeypatch.setenv(SWITCH, "cuda")
    with pytest.raises(SettingsError, match="XLSER_KERNELS=cuda names no kernels"):
        new_adam([weight], 1e-3)
