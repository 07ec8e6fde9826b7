"""The protocols of EmoBox, one a corpus, as entry points return them."""

from pathlib import Path

from xlser.protocols import Protocol, load_manifest

FOLDER = Path(__file__).parent


def emobox_cafe() -> Protocol:
    """Return the protocol within CaFE: three folds of four speakers."""
    return load_manifest(FOLDER / "emobox-cafe.json")


def emobox_emovo() -> Protocol:
    """Return the protocol within EMOVO: six folds of one speaker."""
    return load_manifest(FOLDER / "emobox-emovo.json")


def emobox_ravdess() -> Protocol:
    """Return the protocol within RAVDESS: six folds of four speakers, calm a class of its own."""
    return load_manifest(FOLDER / "emobox-ravdess.json")


def emobox_savee() -> Protocol:
    """Return the protocol within SAVEE: four folds of one speaker."""
    return load_manifest(FOLDER / "emobox-savee.json")
