"""Writes the manifests of `v1` and `demo` from the published facts of the corpora alone.

`python -m xlser_protocols.build FOLDER` needs no recording; a test compares its output with the
committed manifests byte for byte.
"""

import sys
from pathlib import Path

from xlser.protocols import Bounds, Presentation, Protocol, Schedule, freeze, write_manifest
from xlser.protocols.rules import rotating_splits

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


def build() -> list[Protocol]:
    """Return the protocols of this package."""
    ranking = freeze(
        name="v1",
        about="The protocol that ranks: every split speaker-disjoint, speakers rotate with seeds.",
        languages=LANGUAGES,
        seeds=_SEEDS,
        splits={c: rotating_splits(c, len(_SEEDS)) for cs in LANGUAGES.values() for c in cs},
        ranks=True,
        presentation=Presentation(reference="sft", bounds=_BOUNDS, backbone="audiontt-512"),
    )
    demo = freeze(
        name="demo",
        about="Synthetic speech in five languages, for a first run; it ranks nothing.",
        languages=_DEMO_LANGUAGES,
        seeds=_SEEDS,
        splits={c: rotating_splits(c, len(_SEEDS)) for cs in _DEMO_LANGUAGES.values() for c in cs},
        budgets=(0, 20),
        schedule=Schedule(epochs=20, batch=50),
        presentation=Presentation(reference="sft", bounds=_BOUNDS, backbone="logmel-functionals"),
    )
    return [ranking, demo]


def write(folder: Path) -> None:
    """Write a manifest a protocol into `folder`."""
    for protocol in build():
        write_manifest(protocol, folder / f"{protocol.name}.json")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
