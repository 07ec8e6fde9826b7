"""The device of `tests.devices` computes as the CPU does and refuses what CUDA refuses."""

from collections.abc import Callable, Iterator
from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from tests.devices import NAME, OnDevice, device
from xlser.training.kernels import new_adam
from xlser.training.kernels.adam import TorchsAdam


@pytest.fixture(autouse=True)
def _there() -> Iterator[None]:
    with device():
        yield


DEVICES = [NAME, *["cuda"] * torch.cuda.is_available()]
"""Where there is a GPU, all that is asked of the device is asked of it, too."""


def ones(at: str, *shape: int) -> Tensor:
    return torch.ones(shape, device=at)


INDEX = torch.tensor([1, 0])


@pytest.mark.parametrize(
    "mixes",
    [
        lambda d: ones(d, 2) + torch.ones(2),
        lambda d: torch.ones(2) * ones(d),
        lambda d: torch.cat([ones(d, 2), torch.ones(2)]),
        lambda d: torch.stack([ones(d), torch.ones(())]),
        lambda d: torch.where(ones(d, 2) > 0, ones(d, 2), torch.ones(2)),
        lambda d: torch.ones(2)[INDEX.to(d)],
        lambda d: ones(d, 2).index_select(0, INDEX),
        lambda d: ones(d, 2, 2).gather(1, INDEX[None]),
        lambda d: ones(d, 2).index_add(0, INDEX, ones(d, 2)),
        lambda d: ones(d, 2).repeat_interleave(INDEX),
        lambda d: nn.functional.embedding(INDEX, ones(d, 2, 2)),
        lambda d: nn.functional.cross_entropy(ones(d, 2, 2), INDEX),
        lambda d: nn.functional.linear(ones(d, 2, 2), torch.ones(2, 2)),
        lambda d: torch.zeros(()).add_(ones(d)),
        lambda d: ones(d, 2).index_put_((INDEX,), torch.ones(2)),
        lambda d: torch.randperm(2, generator=torch.Generator(), device=d),
        lambda d: ones(d, 2).numpy(),
        lambda d: nn.Linear(2, 2).to(d)(torch.ones(2)),
    ],
)
@pytest.mark.parametrize("at", DEVICES)
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode])
def test_what_mixes_devices_is_refused(
    at: str, mixes: Callable[[str], object], mode: Callable[[], torch.enable_grad]
) -> None:
    with mode(), pytest.raises((RuntimeError, TypeError), match="device"):
        mixes(at)


@pytest.mark.parametrize(
    "allowed",
    [
        lambda d: torch.ones(2, device=d) * torch.tensor(3.0),
        lambda d: torch.arange(2, device=d)[INDEX],
        lambda d: torch.zeros(2, device=d).index_put_((INDEX,), torch.tensor(2.0)),
        lambda d: torch.zeros(2, device=d).copy_(torch.ones(2)),
        lambda d: torch.tensor([[1, 2], [3, 4]], device=d).T[1:].fill_(7),
        lambda d: torch.arange(6, device=d).view(2, 3).T.contiguous(),
        lambda d: nn.functional.one_hot(torch.arange(3, device=d), 4),
        lambda d: torch.tensor(torch.arange(3, device=d).tolist()),
        lambda d: torch.eye(3, device=d).where(torch.eye(3, device=d) > 0, torch.tensor(-1.0)),
        lambda d: torch.full((3,), torch.arange(3.0, device=d).sum().item()),
        lambda d: torch.ones(2, device=d).multinomial(2).sort().values,
    ],
)
@pytest.mark.parametrize("at", DEVICES)
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode])
def test_what_cuda_takes_is_computed_as_on_the_cpu(
    at: str, allowed: Callable[[str], Tensor], mode: Callable[[], torch.enable_grad]
) -> None:
    answers = []
    for each in (at, "cpu"):
        torch.manual_seed(0)
        with mode():
            answers.append(allowed(each).cpu())
    assert not isinstance(answers[0], OnDevice)
    torch.testing.assert_close(*answers, rtol=0, atol=0)


@pytest.mark.parametrize("optimiser", [new_adam, TorchsAdam])
def test_a_network_learns_as_on_the_cpu(optimiser: Callable[..., TorchsAdam]) -> None:
    def trained(at: torch.device) -> list[Tensor]:
        torch.manual_seed(0)
        layers = nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.1), nn.Linear(4, 2)
        network = nn.Sequential(*layers).to(at)
        adam = optimiser(network.parameters(), 0.1)
        for _ in range(3):
            adam.zero_grad()
            logits = network(torch.rand(5, 3, device=at))
            nn.functional.cross_entropy(logits, torch.arange(5, device=at) % 2).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            adam.step()
        copy = deepcopy(network)
        network.load_state_dict({name: value.cpu() for name, value in copy.state_dict().items()})
        assert all(p.device.type == at.type for p in network.parameters())
        return [value.cpu() for value in network.state_dict().values()]

    for one, other in zip(trained(torch.device(NAME)), trained(torch.device("cpu")), strict=True):
        assert torch.equal(one, other)
