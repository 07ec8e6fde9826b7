"""The switch between the suite's own code and torch's."""

import os

from xlser.errors import SettingsError

SWITCH = "XLSER_KERNELS"
_OWN, _TORCH, _COMPILED = "own", "torch", "compiled"


def own_kernels() -> bool:
    """Return whether the suite's own code computes: it does unless XLSER_KERNELS is "torch".

    Raises:
        SettingsError: XLSER_KERNELS is none of "own", "torch" and "compiled".
    """
    return _asked() != _TORCH


def compiles() -> bool:
    """Return whether torch compiles what an encoder does to crops: XLSER_KERNELS is "compiled".

    Raises:
        SettingsError: XLSER_KERNELS is none of "own", "torch" and "compiled".
    """
    return _asked() == _COMPILED


def _asked() -> str:
    asked = os.environ.get(SWITCH, _OWN)
    if asked not in (_OWN, _TORCH, _COMPILED):
        raise SettingsError(
            f"{SWITCH}={asked} names no kernels.",
            f"Set it to {_OWN}, {_TORCH} or {_COMPILED}, or leave it out.",
        )
    return asked
