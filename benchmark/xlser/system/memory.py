"""How this process allocates memory, and how much of it was used or is free.

Only the standard library is imported: `keep_pages` comes before all other imports.
"""

import ctypes
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # names of mallopt(3)
_HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


@cache
def keep_pages() -> bool:
    """Let this process keep the memory it frees, in huge pages; return whether it does.

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
    """Return whether the kernel gives huge pages to processes that request them."""
    try:
        return "[never]" not in _HUGE_PAGES.read_text(encoding="ascii")
    except OSError:
        return False


def memory_at_hand() -> int:
    """Return the bytes of memory that are free on this machine or in this container."""
    import psutil

    at_hand = int(psutil.virtual_memory().available)
    group = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):  # "max" means no limit
        limit = int((group / "memory.max").read_text(encoding="ascii"))
        at_hand = min(at_hand, limit - int((group / "memory.current").read_text(encoding="ascii")))
    return at_hand


def forget_most_resident() -> None:
    """Reset what `most_resident` returns; only Linux can."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def most_resident() -> int:
    """Return the peak resident memory of this process, bytes."""
    with suppress(OSError):  # getrusage on Linux may give the peak of the parent process
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    if sys.platform == "darwin":
        import resource  # psutil has no peak there

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    import psutil

    memory = psutil.Process().memory_info()
    return int(getattr(memory, "peak_wset", memory.rss))
