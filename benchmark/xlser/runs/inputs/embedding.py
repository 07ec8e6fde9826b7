"""Embeddings of a corpus: computed once, resumed where they were interrupted."""

from collections.abc import Callable
from pathlib import Path

import torch

from xlser.audio import FeatureStore
from xlser.backbones import PretrainedBackbone
from xlser.runs.environment import choose_device
from xlser.runs.inputs.features import EMBEDDINGS, StoredFeatures
from xlser.runs.inputs.tensors import load_tensors, save_tensors
from xlser.training import embed, seeded

Progress = Callable[[int, int], None]

_AT_ONCE = 512
"""Utterances that are read, embedded and kept at once."""


def keep_embeddings(
    backbone: PretrainedBackbone, store: Callable[[], FeatureStore], path: Path, progress: Progress
) -> None:
    """Compute embeddings of all utterances of a store into `path`, unless they are there.

    Encoders take minutes to hours: their embeddings are kept in pieces until they are whole, and
    computed on a GPU if there is one.

    Args:
        backbone: and its weights.
        store: returns what it reads; called only where it is needed.
        path: of the file.
        progress: called with (utterances done, utterances in all).
    """
    if load_tensors(path) is not None:
        return
    opened = store()
    stored, ids = StoredFeatures(opened.folder), opened.ids
    with seeded(0, "random backbone"):  # matters to `--weights random` alone
        network = backbone.build()
    if opened.about.waveform is None:
        embeddings = embed(network, stored.speech(ids), progress)
    else:
        device = choose_device(None)
        network = network.to(device)
        parts = []
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            piece = path.with_name(f"{path.stem}.part-{start // _AT_ONCE}")
            kept = load_tensors(piece)
            if kept is None:
                made = embed(
                    network, stored.speech(some).to(device), _after(start, len(ids), progress)
                )
                kept = {EMBEDDINGS: made.cpu()}, {}
                save_tensors(piece, kept[0])
            parts.append(kept[0][EMBEDDINGS])
            progress(start + len(some), len(ids))
        embeddings = torch.cat(parts)
    save_tensors(path, {EMBEDDINGS: embeddings})
    for piece in path.parent.glob(f"{path.stem}.part-*"):
        piece.unlink(missing_ok=True)


def _after(before: int, total: int, progress: Progress) -> Progress:
    """Return what reports progress within a piece; its end is reported once it is kept."""

    def report(done: int, of: int) -> None:
        if done < of:
            progress(before + done, total)

    return report
