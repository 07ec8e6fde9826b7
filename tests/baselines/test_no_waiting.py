"""No step may wait for the device: on a GPU that costs more than the step itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from tests.baselines.steps import modules, ready
from tests.tasks import nothing
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from xlser.methods import Track, get_method, method_names
from xlser.training import GradientMethod
from xlser.training.batches import Batches
from xlser.training.kernels import new_adam

WAITING = {
    "aten::_local_scalar_dense",  # .item(), `if tensor`, float(tensor)
    "aten::nonzero",
    "aten::masked_select",
    "aten::bincount",
    "aten::_unique2",
    "aten::repeat_interleave",
}
# The sizes of an episode are those of the batch's classes: shots of each are looked for, and as
# many queries are chosen as there are answers.
ALLOWED = {"fluda": {"aten::nonzero", "an index of booleans"}}


class Watch(TorchDispatchMode):
    """Notes every operation that waits for the device, or would if it were a GPU."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.looks_away = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if not self.looks_away:
            name = func.name().partition(".")[0]
            if name in WAITING:
                self.seen.add(name)
            if "index" in name and any(masks(arg) for arg in args):
                self.seen.add("an index of booleans")
        return func(*args, **(kwargs or {}))


def masks(arg: object) -> bool:
    return isinstance(arg, list | tuple) and any(
        isinstance(index, Tensor) and index.dtype == torch.bool for index in arg
    )


class OneHot(TorchFunctionMode):
    """Lets a watch look away from `one_hot`, which looks at its values on a CPU alone."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._watch.looks_away = func is torch.nn.functional.one_hot
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self._watch.looks_away = False


@contextmanager
def watched() -> Iterator[set[str]]:
    watch = Watch()
    with OneHot(watch), watch:
        yield watch.seen


def gradient_methods() -> list[type[GradientMethod]]:
    kinds = map(get_method, method_names())
    return [kind for kind in kinds if issubclass(kind, GradientMethod)]


@pytest.mark.parametrize("track", ["finetune", "frozen"])
@pytest.mark.parametrize("labels", ["some labels", "no labels"])
@pytest.mark.parametrize("kind", gradient_methods(), ids=lambda kind: kind.name)
def test_no_step_waits_for_the_device(
    kind: type[GradientMethod], labels: str, track: Track
) -> None:
    if labels == "no labels" and (kind.target_labels != "few" or kind.least_labels):
        pytest.skip("not without labels")
    method = kind()
    without = {"target_labelled": nothing(track)} if labels == "no labels" else {}
    task = ready(method, track, **without)
    batches = Batches(task, method.shares, torch.Generator().manual_seed(0))
    trained = torch.nn.ModuleList(modules(method)).parameters()
    optimiser = new_adam([p for p in trained if p.requires_grad], 1e-3)
    batches.draw(0.0)  # of an epoch the first plans all
    with watched() as waits:
        for _ in range(2):
            value = method.loss(batches.draw(0.5))
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            method.after_step()
    assert waits == ALLOWED.get(method.name, set())


@pytest.mark.parametrize(
    "wait",
    [
        lambda x: x.sum().item(),
        lambda x: x[x > 0],
        lambda x: torch.where(x > 0),
        lambda x: 1 if x.sum() > 0 else 0,
        lambda x: torch.bincount(x.long()),
    ],
)
def test_what_waits_is_noticed(wait: Callable[[Tensor], object]) -> None:
    with watched() as waits:
        wait(torch.ones(3))
    assert waits
