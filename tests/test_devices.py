"""The device of `tests.devices` computes as the CPU does and refuses what CUDA refuses."""

from collections.abc import Callable, Iterator
from copy import deepcopy

import pytest
import torch
from tests.devices import NAME, OnDevice, device
from torch import Tensor, nn

from xlser.training.kernels import new_adam
from xlser.training.kernels.adam import TorchsAdam


@pytest.fixture(autouse=True)
def _there() -> Iterator[None]:
    with device():
        yield


def there(*shape: int) -> Tensor:
    return torch.ones(shape, device=NAME)


INDEX = torch.tensor([1, 0])


@pytest.mark.parametrize(
    "mixes",
    [
        lambda: there(2) + torch.ones(2),
        lambda: torch.ones(2) * there(),
        lambda: torch.cat([there(2), torch.ones(2)]),
        lambda: torch.stack([there(), torch.ones(())]),
        lambda: torch.where(there(2) > 0, there(2), torch.ones(2)),
        lambda: torch.ones(2)[INDEX.to(NAME)],
        lambda: there(2).index_select(0, INDEX),
        lambda: there(2, 2).gather(1, INDEX[None]),
        lambda: there(2).index_add(0, INDEX, there(2)),
        lambda: there(2).repeat_interleave(INDEX),
        lambda: nn.functional.embedding(INDEX, there(2, 2)),
        lambda: nn.functional.cross_entropy(there(2, 2), INDEX),
        lambda: nn.functional.linear(there(2, 2), torch.ones(2, 2)),
        lambda: torch.zeros(()).add_(there()),
        lambda: there(2).index_put_((INDEX,), torch.ones(2)),
        lambda: torch.randperm(2, generator=torch.Generator(), device=NAME),
        lambda: torch._foreach_add([there(2), there()], [there(2), torch.ones(())]),
        lambda: there(2).numpy(),
        lambda: nn.Linear(2, 2).to(NAME)(torch.ones(2)),
    ],
)
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode])
def test_what_mixes_devices_is_refused(
    mixes: Callable[[], object], mode: Callable[[], torch.enable_grad]
) -> None:
    with mode(), pytest.raises((RuntimeError, TypeError), match="device"):
        mixes()


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
        lambda d: torch.ones(4, device=d).multinomial(2),
    ],
)
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode])
def test_what_cuda_takes_gives_what_the_cpu_gives(
    allowed: Callable[[torch.device], Tensor], mode: Callable[[], torch.enable_grad]
) -> None:
    answers = []
    for at in (torch.device(NAME), torch.device("cpu")):
        torch.manual_seed(0)
        with mode():
            answers.append(allowed(at).cpu())
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
