"""Packages that extras of the suite bring."""

from importlib.util import find_spec

from xlser.errors import MissingExtraError

EXTRAS = {"transformers": "encoders", "peft": "encoders", "opensmile": "opensmile"}


def require(package: str, backbone: str) -> None:
    """Look for a package that an extra of the suite brings.

    Raises:
        MissingExtraError: it is not installed.
    """
    if find_spec(package) is None:
        raise MissingExtraError(
            f"The backbone {backbone} needs the package {package}, which is not installed.",
            f"Run pip install 'xlser[{EXTRAS[package]}]'.",
        )
