"""Fine-tuning against a plain loop, each in a process of its own, as both set their allocator."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from tests.plain_loop import CachedLogMels, DecodedSpeech, PlainModel, loader, train
from tests.speed.conftest import Versus
from tests.speed.processes import in_own_process

from xlser.audio import FeatureStore
from xlser.backbones import get_backbone
from xlser.corpora import Inventory
from xlser.methods import Labelled, Precision, Speech, Task
from xlser.protocols import Schedule
from xlser.runs.environment import has_bfloat16
from xlser.system.memory import keep_pages
from xlser.training import train_source_model

BACKBONE = "audiontt-1024"  # the paper's
UTTERANCES = 500
PRECISIONS: list[Precision] = ["fp32", "bf16"] if has_bfloat16(torch.device("cpu")) else ["fp32"]

Loop = Literal["cached", "pages kept", "pages kept, bf16", "decoded"]
LOOPS: dict[Loop, str] = {
    "cached": "a plain loop on cached log-mels",
    "pages kept": "that loop with our allocator settings",
    "pages kept, bf16": "that loop with our allocator settings, under autocast",
    "decoded": "that loop decoding audio each epoch",
}


def suites(precision: Precision, frames: list[np.ndarray]) -> Callable[[], object]:
    """Train an epoch as the suite does."""
    keep_pages()
    torch.manual_seed(0)
    lengths = torch.tensor([len(part) for part in frames])
    speech = Speech(torch.from_numpy(np.concatenate(frames)), lengths)
    labelled = Labelled(speech, torch.arange(len(speech)) % 5)
    nothing = torch.arange(0)
    none = Labelled(speech[nothing], labelled.emotion[nothing])
    task = Task(
        source=labelled,
        source_validation=none,
        target_labelled=none,
        target_unlabelled=none.speech,
        classes=("anger", "fear", "happiness", "neutral", "sadness"),
        seed=0,
        device=torch.device("cpu"),
        track="finetune",
        schedule=Schedule(epochs=1),
        backbone=get_backbone(BACKBONE),
        precision=precision,
    )
    return lambda: train_source_model(task)


def plain(loop: Loop, paths: list[Path], frames: list[np.ndarray]) -> Callable[[], object]:
    """Train an epoch in a loop as one writes it."""
    if loop.startswith("pages kept"):
        keep_pages()
    torch.manual_seed(0)
    emotion = [i % 5 for i in range(len(paths))]
    decodes = loop == "decoded"
    utterances = DecodedSpeech(paths, emotion) if decodes else CachedLogMels(frames, emotion)
    model = PlainModel(get_backbone(BACKBONE).dimension)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    batches = loader(utterances)
    return lambda: train(model, batches, optimiser, bf16=loop.endswith("bf16"))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("loop", LOOPS)
def test_fine_tuning(
    versus: Versus,
    inventories: tuple[Inventory, ...],
    stores: dict[str, FeatureStore],
    loop: Loop,
    precision: Precision,
) -> None:
    if precision != PRECISIONS[-1] and loop not in ("cached", "pages kept"):
        pytest.skip("compared in the hardware's best precision alone")
    utterances = [u for inventory in inventories for u in inventory.utterances]
    utterances = utterances[:: max(1, len(utterances) // UTTERANCES)][:UTTERANCES]
    paths = [u.path for u in utterances]
    frames = [stores[u.corpus].frames([u.id]).values for u in utterances]
    name = f"fine-tuning in {precision}; otherwise {LOOPS[loop]}"
    with (
        in_own_process(suites, precision, frames) as ours,
        in_own_process(plain, loop, paths, frames) as theirs,
    ):
        versus(name, "utterances/s", len(utterances), ours, theirs, rounds=3)
