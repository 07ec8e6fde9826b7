"""The switch between the suite's own code and torch's."""

import os

from xlser.errors import SettingsError

SWITCH = "XLSER_KERNELS"
_OWN, _TORCH = "own", "torch"


def own_kernels() -> bool:
    """Return whether the suite's own code computes: it does unless XLSER_KERNELS is "torch".

    Raises:
        SettingsError: XLSER_KERNELS is neither "own" nor "torch".
    """
    asked = os.environ.get(SWITCH, _OWN)
    if asked not in (_OWN, _TORCH):
        raise SettingsError(
            f"{SWITCH}={asked} names no kernels.",
            f"Set it to {_OWN} or {_TORCH}, or leave it out.",
        )
    return asked == _OWN
