"""What is timed on: real speech where XLSER_DATA names it, else the demo's; and on what machine."""

import os
import platform
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import torch
from tests.trees import scan

from xlser.audio import FeatureStore
from xlser.corpora import Inventory, corpus_names, find_root, get_corpus
from xlser.methods import Speech
from xlser.runs.environment import describe, has_bfloat16
from xlser.settings import Settings, cpu_count

DATA = os.environ.get("XLSER_DATA")  # as pytest was started: tests see none
CPU = torch.device("cpu")


def inventories_at_hand() -> tuple[Inventory, ...]:
    """The real corpora under XLSER_DATA; where it is not set, the demo's."""
    settings = Settings(data=(Path(DATA).resolve(),) if DATA else (), cache=Path())
    corpora = [get_corpus(name) for name in corpus_names()]
    roots = {c: find_root(c, settings) for c in corpora if bool(DATA) == (not c.packaged_root())}
    return tuple(scan(corpus, root) for corpus, root in roots.items() if root is not None)


def copies(inventory: Inventory, count: int) -> Inventory:
    """Return `inventory` with every utterance `count` times, under names of their own."""
    utterances = [
        replace(utterance, id=f"{utterance.id}-{copy}")
        for copy in range(count)
        for utterance in inventory.utterances
    ]
    return replace(inventory, utterances=tuple(utterances))


def speech_of(stores: Sequence[FeatureStore]) -> Speech:
    """Return the log-mel frames of all utterances."""
    frames = [store.frames(store.ids) for store in stores]
    return Speech(
        torch.cat([torch.from_numpy(part.values) for part in frames]),
        torch.cat([torch.from_numpy(part.lengths) for part in frames]),
    )


def surroundings() -> str:
    """Return date, machine, versions and kind of speech, in a line."""
    bf16 = "with" if has_bfloat16(CPU) else "without"
    speech = "real speech" if DATA else "the demo's synthetic speech"
    return (
        f"{datetime.now(UTC).date()}, {describe(CPU).processor} ({cpu_count()} cores, {bf16} "
        f"bfloat16), Python {platform.python_version()}, torch {torch.__version__}; {speech}"
    )
