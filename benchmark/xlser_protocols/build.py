"""Writes the manifests of `v1` and `demo` from the published facts of the corpora alone.

`python -m xlser_protocols.build FOLDER` needs no recording; a test compares its output with the
committed manifests byte for byte.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from xlser.protocols import (
    Bounds,
    Presentation,
    Protocol,
    Recipe,
    Schedule,
    Split,
    freeze,
    published_utterances,
    write_manifest,
)
from xlser.protocols.rules import rotating_splits
from xlser.settings import Settings

LANGUAGES = {
    "english": ("ravdess", "savee", "tess"),
    "french": ("cafe",),
    "german": ("emodb",),
    "italian": ("emovo",),
    "persian": ("shemo",),
}
_DEMO_LANGUAGES = {language: (f"demo-{language}",) for language in LANGUAGES}
_SEEDS = (0, 1, 2)
_BOUNDS = Bounds(lower="lower-bound", upper="upper-bound")


_V2 = Recipe(
    name="v2",
    version=1,
    about="Ten target languages; every target speaker is tested once under each seed.",
    sources=("ravdess", "savee", "tess", "cremad"),
    targets=(
        *("cafe", "emodb", "emovo", "shemo", "nemo", "ased", "casia"),
        *("banglaser", "urdu", "turev"),  # without fear
    ),
    label_map={"turev": {"calm": "neutral"}},
    seeds=_SEEDS,
    folds=3,
    budgets=(0, 25, 50, 100),
    headline_budgets=(25, 50, 100),
    schedule=Schedule(epochs=20, steps=400, decay_every=2),
    reference="sft",
    bounds=_BOUNDS,
    backbone="audiontt-512",
    notes=(
        "Calm stands for neutral in TurEV-DB.",
        "TESS: two speakers, both women; 2,000 of the English utterances are theirs.",
        "ShEMO: 38 of 2,775 utterances are fearful. Class-balanced label budgets hold up to 20 "
        "of them, so the labelled speech has other shares of classes than the rest.",
    ),
)


def build() -> list[Protocol]:
    """Return the protocols of this package."""
    ranking = freeze(
        name="v1",
        about="The protocol that ranks: every split speaker-disjoint, speakers rotate with seeds.",
        languages=LANGUAGES,
        seeds=_SEEDS,
        splits=_rotating(LANGUAGES),
        ranks=True,
        presentation=Presentation(
            reference="sft",
            bounds=_BOUNDS,
            backbone="audiontt-512",
            headline_budgets=(25, 50, 100),
        ),
    )
    demo = freeze(
        name="demo",
        about="Synthetic speech in five languages, for a first run; it ranks nothing.",
        languages=_DEMO_LANGUAGES,
        seeds=_SEEDS,
        splits=_rotating(_DEMO_LANGUAGES),
        budgets=(0, 20),
        schedule=Schedule(epochs=20, batch=50),
        presentation=Presentation(reference="sft", bounds=_BOUNDS, backbone="logmel-functionals"),
    )
    return [ranking, demo, _V2.freeze(Settings(cache=Path()))]


def _rotating(languages: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[Split, ...]]:
    corpora = [corpus for of_language in languages.values() for corpus in of_language]
    return {c: rotating_splits(published_utterances(c), len(_SEEDS)) for c in corpora}


def write(folder: Path) -> None:
    """Write a manifest a protocol into `folder`."""
    for protocol in build():
        write_manifest(protocol, folder / f"{protocol.name}.json")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
