"""What the suite computes by its own code though torch could: one place, one switch.

XLSER_KERNELS=torch lets torch compute it instead; results are the same to the bit. What each
earns is measured by `tests/speed/test_kernels.py` (`tox -e bench`). XLSER_KERNELS=compiled
also lets torch compile, on a GPU, what an encoder does to crops in training; results differ by
rounding.
"""

from xlser.training.kernels.adam import Optimiser, new_adam
from xlser.training.kernels.slope import slope
from xlser.training.kernels.switch import compiles

__all__ = ["Optimiser", "compiles", "new_adam", "slope"]
