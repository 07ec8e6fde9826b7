"""Writes the manifests of the paper's protocols from the published facts of the corpora alone.

`python -m xlser_agarla2022.protocols.build FOLDER` needs no recording; a test compares its output
with the committed manifests byte for byte.
"""

import sys
from pathlib import Path

import numpy as np

from xlser.corpora import EMOTIONS
from xlser.protocols import (
    Bounds,
    Presentation,
    Protocol,
    Split,
    freeze,
    published_utterances,
    write_manifest,
)

_LANGUAGES = {
    "english": ("ravdess", "savee", "tess"),
    "french": ("cafe",),
    "german": ("emodb",),
    "italian": ("emovo",),
    "persian": ("shemo",),
}
_SEEDS = (0, 1, 2)
_GROUPED_BY = {"shemo": (4, 6)}  # SERAB groups ShEMO by these characters: the utterance's number
_PRESENTATION = Presentation(
    reference="sft",
    bounds=Bounds(lower="lower-bound", upper="upper-bound"),
    backbone="audiontt-512",
)


def build() -> list[Protocol]:
    """Return the paper's protocols."""
    splits = {c: (serab_split(c),) * len(_SEEDS) for cs in _LANGUAGES.values() for c in cs}
    paper = freeze(
        name="agarla2022",
        about="Agarla et al. (2022) as written: SERAB's seed-0 speakers, its ShEMO flaw included.",
        languages=_LANGUAGES,
        seeds=_SEEDS,
        splits=splits,
        headline="accuracy",
        source_figure="pooled",
        grouped_by=_GROUPED_BY,
        presentation=_PRESENTATION,
    )
    four = freeze(
        name="agarla2022-4",
        about="The four-class variant of Table 6: fear dropped, no target labels.",
        languages=_LANGUAGES,
        seeds=_SEEDS,
        splits=splits,
        classes=tuple(emotion for emotion in EMOTIONS if emotion != "fear"),
        budgets=(0,),
        headline="accuracy",
        source_figure="pooled",
        grouped_by=_GROUPED_BY,
        presentation=_PRESENTATION,
    )
    return [paper, four]


def serab_split(corpus_name: str) -> Split:
    """Return SERAB's seed-0 speakers: 60 % train, 20 % validation, the rest test.

    SERAB (Scheidwasser-Clow et al. 2022) lacks TESS: one of its two speakers trains.
    """
    if corpus_name == "tess":
        return Split(train=("YAF",), validation=(), test=("OAF",))
    characters = _GROUPED_BY.get(corpus_name)
    utterances = published_utterances(corpus_name)
    groups = sorted({u.name[slice(*characters)] if characters else u.speaker for u in utterances})
    np.random.RandomState(0).shuffle(groups)
    train, validation = int(0.6 * len(groups)), int(0.8 * len(groups))
    return Split(
        train=tuple(groups[:train]),
        validation=tuple(groups[train:validation]),
        test=tuple(groups[validation:]),
    )


def write(folder: Path) -> None:
    """Write a manifest a protocol into `folder`."""
    for protocol in build():
        write_manifest(protocol, folder / f"{protocol.name}.json")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
