"""Fine-tuning on real speech, from the published weights, against a plain loop."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import torch
from tests.training.test_against_a_plain_loop import STEPS, a_task, ours, plain
from tests.trees import scan

from xlser.audio import FrontEnd, prepare
from xlser.backbones import pretrained
from xlser.corpora import EMOTIONS, get_corpus
from xlser.methods import Labelled, Speech, Task
from xlser.protocols import Schedule
from xlser.settings import Settings

LEARNING_RATE = 1e-5  # at the paper's 1e-3 a plain loop departs from itself by its rounding


def a_real_task(real_data: Path, real_weights: Path, cache: Path) -> Task:
    """A hundred utterances of EMO-DB, gone through five times in 50 steps."""
    inventory = scan(get_corpus("emodb"), real_data / "emodb")
    utterances = inventory.utterances[::4][:100]
    store = prepare(inventory, FrontEnd(), cache)
    frames = store.frames([u.id for u in utterances])
    speech = Speech(torch.from_numpy(frames.values), torch.from_numpy(frames.lengths))
    emotion = torch.tensor([EMOTIONS.index(u.emotion) for u in utterances])
    return replace(
        a_task(LEARNING_RATE),
        source=Labelled(speech, emotion),
        schedule=schedule(LEARNING_RATE),
        backbone=pretrained("audiontt-512", Settings(cache=cache, weights=str(real_weights))).build,
    )


def schedule(learning_rate: float) -> Schedule:
    """Fifty steps of ten utterances."""
    return Schedule(epochs=5, batch=10, learning_rate=learning_rate)


def departure(losses: Sequence[float], exact: Sequence[float]) -> float:
    """Root mean square over the steps of what losses differ by from exact ones."""
    assert len(losses) == len(exact) == STEPS
    return math.sqrt(fmean((a - b) ** 2 for a, b in zip(losses, exact, strict=True)))


def test_fifty_losses_in_float32_depart_from_exact_ones_by_rounding_alone(
    real_data: Path, real_weights: Path, tmp_path: Path
) -> None:
    """Far less than a learning rate that is wrong by 0.1 % departs from them.

    All loops see the same batches and dropout masks. In float64 ours and the plain one agree
    (`tests/training/test_against_a_plain_loop.py`), so the plain loop in float64 is exact. How far
    float32's rounding carries the losses depends on the processor, and on one processor on the
    last bit of a weight: Adam divides each gradient by its own size, so where a gradient is nearly
    zero its rounding decides in which direction a whole step goes. Of fourteen loops that began a
    rounding apart, ours and plain ones, five departed by some 1e-6 and nine by up to 3e-5. So what
    they are held against is no rounding but a mistake, and the least that is known: it departs by
    2e-4 in float64, on every processor alike. A momentum of 0.89 departs by twice as much, a second
    moment's decay of 0.99 by more, a lost bias by far more.
    """
    task = a_real_task(real_data, real_weights, tmp_path)
    exact = plain(task, torch.float64)
    mistaken = plain(replace(task, schedule=schedule(1.001 * LEARNING_RATE)), torch.float64)
    losses = ours(task, torch.float32)
    assert sum(losses[-10:]) < sum(losses[:10])
    assert 0 < departure(losses, exact) < departure(mistaken, exact) / 3
