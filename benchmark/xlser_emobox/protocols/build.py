"""Writes the manifests of EmoBox's protocols from its folds and the published facts of the corpora.

`python -m xlser_emobox.protocols.build FOLDER` needs no recording; a test compares its output with
the committed manifests byte for byte, and another the folds with EmoBox's own files.
"""

import sys
from pathlib import Path

from xlser.corpora import get_corpus
from xlser.protocols import Bounds, Presentation, Protocol, Schedule, freeze, write_manifest

FOLDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "cafe": (("01", "07", "08", "10"), ("02", "04", "09", "12"), ("03", "05", "06", "11")),
    "emovo": (("f2",), ("m3",), ("m2",), ("f3",), ("f1",), ("m1",)),
    "ravdess": (
        ("01", "11", "20", "21"),
        ("04", "10", "12", "14"),
        ("08", "09", "19", "23"),
        ("03", "05", "07", "24"),
        ("02", "15", "16", "18"),
        ("06", "13", "17", "22"),
    ),
    "savee": (("JE",), ("KL",), ("DC",), ("JK",)),
}
"""By corpus, the speakers that each fold tests, in EmoBox's order (`data/CORPUS/fold_N`)."""

_CLASSES = ("anger", "fear", "happiness", "neutral", "sadness", "disgust", "surprise")
CLASSES = dict.fromkeys(FOLDS, _CLASSES) | {"ravdess": (*_CLASSES, "calm")}
"""By corpus, its native classes, which EmoBox keeps all."""

_SEEDS = (0, 1, 2)
_SCHEDULE = Schedule(epochs=100, batch=32, learning_rate=1e-4)
"""Epochs, batch and learning rate of the recipe in EmoBox's README."""


def build() -> list[Protocol]:
    """Return a protocol a corpus: folds differ in number, and RAVDESS has a class more."""
    return [_within(corpus) for corpus in FOLDS]


def _within(name: str) -> Protocol:
    corpus = get_corpus(name)
    folds = FOLDS[name]
    return freeze(
        name=f"emobox-{name}",
        about=f"Within {corpus.title}, in EmoBox's {len(folds)} folds: all labels, no source.",
        source=(),
        languages={corpus.language: (name,)},
        classes=CLASSES[name],
        seeds=_SEEDS,
        splits={},
        fold_speakers={name: (folds,) * len(_SEEDS)},
        budgets=(),
        schedule=_SCHEDULE,
        presentation=Presentation(
            bounds=Bounds(upper="target-only"),
            backbone="audiontt-512",
            notes=tuple(f"{corpus.title}: {each}" for each in (corpus.caution,) if each),
        ),
    )


def write(folder: Path) -> None:
    """Write a manifest a protocol into `folder`."""
    for protocol in build():
        write_manifest(protocol, folder / f"{protocol.name}.json")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
