"""Whole utterances of mixed lengths through AudioNTT, against one at a time."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.plain_loop import PlainAudioNTT
from tests.speed.conftest import Versus
from tests.speed.processes import in_own_process
from torch import Tensor

from xlser.backbones import get_backbone
from xlser.methods import Speech
from xlser.system.memory import keep_pages
from xlser.training import embed

BACKBONE = get_backbone("audiontt-512")


def in_batches(frames: list[np.ndarray]) -> Callable[[], Tensor]:
    """Embed as the suite does."""
    keep_pages()
    torch.manual_seed(0)
    lengths = torch.tensor([len(part) for part in frames])
    speech = Speech(torch.from_numpy(np.concatenate(frames)), lengths)
    network = BACKBONE()
    return lambda: embed(network, speech)


def one_at_a_time(frames: list[np.ndarray]) -> Callable[[], Tensor]:
    """Embed as one writes it: a list of spectrograms and a loop."""
    torch.manual_seed(0)
    network = PlainAudioNTT(BACKBONE.dimension).eval()
    network.load_state_dict(BACKBONE().state_dict())
    logmels = [torch.from_numpy(part).float() for part in frames]

    def loop() -> Tensor:
        with torch.no_grad():
            return torch.cat([network(logmel[None]) for logmel in logmels])

    return loop


@pytest.fixture(scope="module")
def frames(speech: Speech) -> list[np.ndarray]:
    """The frames of each utterance, in a random order."""
    parts = np.split(speech.features.numpy(), np.cumsum(speech.lengths.numpy())[:-1])
    order = np.random.default_rng(0).permutation(len(parts))
    return [parts[i] for i in order]


def test_both_give_the_same(frames: list[np.ndarray]) -> None:
    ours, theirs = BACKBONE(), PlainAudioNTT(BACKBONE.dimension).eval()
    theirs.load_state_dict(ours.state_dict())
    some = frames[:20]
    together = embed(
        ours,
        Speech(torch.from_numpy(np.concatenate(some)), torch.tensor([len(part) for part in some])),
    )
    with torch.no_grad():
        alone = torch.cat([theirs(torch.from_numpy(part)[None].float()) for part in some])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("utterances", "rounds"), [(300, 5), (None, 3)])
def test_embedding(
    versus: Versus, frames: list[np.ndarray], utterances: int | None, rounds: int
) -> None:
    some = frames[:utterances]
    hours = sum(map(len, some)) / 360_000
    name = f"embedding {len(some)} utterances ({hours:.1f} h); otherwise one at a time"
    with in_own_process(in_batches, some) as ours, in_own_process(one_at_a_time, some) as theirs:
        versus(name, "utterances/s", len(some), ours, theirs, rounds)
