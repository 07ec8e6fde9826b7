"""Fine-tuning on real speech, from the published weights, against a plain loop."""

from dataclasses import replace
from pathlib import Path

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
        schedule=Schedule(epochs=5, batch=10, learning_rate=LEARNING_RATE),
        backbone=pretrained("audiontt-512", Settings(cache=cache, weights=str(real_weights))).build,
    )


def test_every_loss_of_the_first_fifty_steps_is_that_of_a_plain_loop(
    real_data: Path, real_weights: Path, tmp_path: Path
) -> None:
    task = a_real_task(real_data, real_weights, tmp_path)
    a, b = ours(task, torch.float32), plain(task, torch.float32)
    assert len(a) == len(b) == STEPS
    assert sum(a[-10:]) < sum(a[:10])
    assert max(abs(x - y) for x, y in zip(a, b, strict=True)) < 1e-4
