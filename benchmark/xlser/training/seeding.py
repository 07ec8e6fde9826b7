"""Seeds derived per purpose, so that one draw more here changes nothing there."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def derive(seed: int, *purpose: str) -> int:
    """Return a seed for one purpose of a run, 0 <= result < 2**63."""
    digest = hashlib.sha256("/".join([str(seed), *purpose]).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


@contextmanager
def seeded(seed: int, *purpose: str) -> Iterator[None]:
    """Seed torch's global generators for the block and restore them after it."""
    with torch.random.fork_rng():
        torch.manual_seed(derive(seed, *purpose))
        yield
