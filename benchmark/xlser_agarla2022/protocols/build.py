"""Writes the manifests of the paper's protocols from the published facts of the corpora alone.

`python -m xlser_agarla2022.protocols.build FOLDER` needs no recording; a test compares its output
with the committed manifests byte for byte.
"""

import sys
from functools import partial
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
    paper = partial(
        freeze,
        languages=_LANGUAGES,
        seeds=_SEEDS,
        headline="accuracy",
        source_figure="pooled",
        grouped_by=_GROUPED_BY,
        presentation=_PRESENTATION,
    )
    five = paper(
        name="agarla2022",
        about="Agarla et al. (2022) as written: SERAB's seed-0 speakers, its ShEMO flaw included.",
        splits=splits_with("OAF"),
    )
    four = paper(
        name="agarla2022-4",
        about="The four-class variant of Table 6: fear dropped, no target labels.",
        splits=splits_with("OAF"),
        classes=tuple(emotion for emotion in EMOTIONS if emotion != "fear"),
        budgets=(0,),
    )
    return [five, four, _of_other_voice(five)]


def _of_other_voice(five: Protocol) -> Protocol:
    """Return the protocol that differs in TESS alone: its labelled utterances are the same."""
    stated = {field: getattr(five, field) for field in five.model_fields_set}
    stated |= {
        "name": "agarla2022-yaf",
        "about": "agarla2022 with the other voice of TESS: YAF is tested, OAF trains.",
        "splits": splits_with("YAF"),
    }
    return Protocol(**stated)


def splits_with(voice: str) -> dict[str, tuple[Split, ...]]:
    """Return the splits of all corpora, the same under every seed.

    The paper does not state which voice of TESS it tests, and SERAB (Scheidwasser-Clow et al. 2022)
    lacks TESS.

    Args:
        voice: of TESS that is tested, OAF or YAF; the other trains.
    """
    (other,) = {"OAF", "YAF"} - {voice}
    of_tess = Split(train=(other,), validation=(), test=(voice,))
    corpora = [corpus for of_language in _LANGUAGES.values() for corpus in of_language]
    return {
        corpus: (of_tess if corpus == "tess" else serab_split(corpus),) * len(_SEEDS)
        for corpus in corpora
    }


def serab_split(corpus_name: str) -> Split:
    """Return SERAB's seed-0 speakers: 60 % train, 20 % validation, the rest test."""
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
