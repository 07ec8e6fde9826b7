"""What the suite computes by its own code though torch could: one place, one switch.

XLSER_KERNELS=torch lets torch compute it instead; results are the same to the bit. What each
earns is measured by `tests/speed/test_kernels.py` (`tox -e bench`).
"""

from xlser.training.kernels.adam import Optimiser, new_adam
from xlser.training.kernels.slope import slope

__all__ = ["Optimiser", "new_adam", "slope"]
