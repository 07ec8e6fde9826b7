"""The protocols of Agarla et al. (2022), as entry points return them."""

from pathlib import Path

from xlser.protocols import Protocol, load_manifest

FOLDER = Path(__file__).parent


def agarla2022() -> Protocol:
    """Return the paper's protocol in five classes."""
    return load_manifest(FOLDER / "agarla2022.json")


def agarla2022_4() -> Protocol:
    """Return the paper's variant in four classes (Table 6)."""
    return load_manifest(FOLDER / "agarla2022-4.json")


def agarla2022_yaf() -> Protocol:
    """Return the paper's protocol with the other voice of TESS tested."""
    return load_manifest(FOLDER / "agarla2022-yaf.json")
