"""Child processes: they end with their parent, and their exit codes are put into words.

Heavy imports stay out, so that a child watches its parent from its start.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


def end_with_the_parent() -> None:
    """End this process as soon as its parent ends."""
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def how_ended(code: int | None) -> str:
    """Return how a process ended: "by SIGKILL", "with exit code 3"."""
    code = code or 0
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Make processes that start in the block ignore Ctrl-C, which their parent handles."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread can set signal handlers
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def without_main_module() -> Iterator[None]:
    """Let processes start that do not import this program's main module.

    Python has each new process run the parent's script once more, as a module, which would start
    the same runs again where the script has no `if __name__ == "__main__"`. Nothing in it is
    needed: classes of methods that it defines travel by value.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
