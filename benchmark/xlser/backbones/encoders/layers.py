"""Low-rank matrices beside layers, and the states of all layers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from torch import Tensor, nn

from xlser.backbones.extras import require


def low_rank(network: nn.Module, rank: int, targets: Sequence[str], backbone: str) -> None:
    """Put matrices of low rank beside linear layers; they alone are trained (Hu et al. 2022).

    They begin as zero, so that the network gives what it gave. Their scale is 2.

    Args:
        network: is changed.
        rank: of the matrices.
        targets: names of the linear layers.
        backbone: for the message.

    Raises:
        MissingExtraError: peft is not installed.
    """
    require("peft", f"{backbone} (lora)")
    import peft

    config = peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=list(targets))
    peft.inject_adapter_in_model(config, network)


_kept: ContextVar[list[Tensor] | None] = ContextVar("_kept", default=None)


def _output(layer: nn.Module, given: Any, made: Any) -> None:
    kept = _kept.get()
    if kept is not None:
        kept.append(made[0] if isinstance(made, tuple) else made)


def _input(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
    kept = _kept.get()
    if kept is not None:
        kept.append(given[0])


def record_states(layers: nn.ModuleList) -> None:
    """Let layers pass their states to `recorded_states`, whichever thread calls them."""
    layers[0].register_forward_pre_hook(_input)
    for layer in layers:
        layer.register_forward_hook(_output)


@contextmanager
def recorded_states() -> Iterator[list[Tensor]]:
    """Collect the states of layers of `record_states`, the first layer's input first."""
    states: list[Tensor] = []
    before = _kept.set(states)
    try:
        yield states
    finally:
        _kept.reset(before)
