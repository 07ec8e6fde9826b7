"""What a process of the suite is told about memory; imports nothing, so that it can come first."""

import ctypes
import os
import sys
from functools import cache
from pathlib import Path

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # names of mallopt(3)
_HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


@cache
def keep_pages() -> bool:
    """Let this process keep the memory it frees, in huge pages; say whether it does.

    glibc otherwise maps activations of tens of megabytes afresh at each step and returns them
    after it, and two thirds of a training step go into page faults. Huge pages are torch's own
    setting: it is read at torch's first allocation, so call this before.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    if not sys.platform.startswith("linux"):
        return False
    try:
        libc = ctypes.CDLL("libc.so.6")
        return bool(libc.mallopt(_MMAP_MAX, 0)) and bool(libc.mallopt(_TRIM_THRESHOLD, -1))
    except (OSError, AttributeError):
        return False


def has_huge_pages() -> bool:
    """Say whether the kernel gives huge pages to who asks for them."""
    try:
        return "[never]" not in _HUGE_PAGES.read_text(encoding="ascii")
    except OSError:
        return False
