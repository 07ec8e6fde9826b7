"""The allocator, told once a process to keep its pages."""

import ctypes
import sys
from functools import cache

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # names of mallopt(3)


@cache
def keep_pages() -> bool:
    """Let glibc keep freed memory instead of returning it after every step; say whether it does.

    Activations of tens of megabytes are otherwise mapped afresh each time, and two thirds of a
    training step goes into page faults.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        libc = ctypes.CDLL("libc.so.6")
        return bool(libc.mallopt(_MMAP_MAX, 0)) and bool(libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1))
    except (OSError, AttributeError):
        return False
