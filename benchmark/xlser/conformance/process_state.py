"""State of this process that all runs share: noticing what a method changed, and restoring it."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

_STATE: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
    "default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "default device": (torch.get_default_device, torch.set_default_device),
    "gradient mode": (torch.is_grad_enabled, torch.set_grad_enabled),
    "deterministic flag": (
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    "number of threads": (torch.get_num_threads, torch.set_num_threads),
    "working folder": (Path.cwd, os.chdir),
}
"""State by name: how to read it, and how to set it."""


@contextmanager
def process_restored(changed: set[str] | None = None) -> Iterator[None]:
    """Undo what the block changes in the process.

    Args:
        changed: the names of what it changed are added here.
    """
    before = {name: read() for name, (read, _) in _STATE.items()}
    try:
        yield
    finally:
        for name, (read, restore) in _STATE.items():
            if read() != before[name]:
                restore(before[name])
                if changed is not None:
                    changed.add(name)


@contextmanager
def generators_restored() -> Iterator[None]:
    """Restore the global random generators of Python, numpy and torch after the block."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
