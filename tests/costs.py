"""What work costs, counted: files opened and functions called, which no other load disturbs."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_counting: list[Counter[str]] = []


def _count(event: str, args: tuple[object, ...]) -> None:
    if event == "open":
        for counter in _counting:
            counter[str(args[0])] += 1


sys.addaudithook(_count)  # for good: nothing but an empty loop unless something is counted


@contextmanager
def opened(folder: Path, suffix: str) -> Iterator[dict[Path, int]]:
    """Yield how often each file of that ending below `folder` was opened, once the block ends."""
    counter: Counter[str] = Counter()
    found: dict[Path, int] = {}
    _counting.append(counter)
    try:
        yield found
    finally:
        _counting.remove(counter)
    found.update({path: counter[str(path)] for path in folder.rglob(f"*{suffix}")})


def calls(work: Callable[[], object]) -> int:
    """Return how many functions, written in Python or in C, `work` calls."""
    total = 0

    def count(frame: FrameType, event: str, arg: object) -> None:
        nonlocal total
        total += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return total


def grows_linearly(work: Callable[[int], Callable[[], object]]) -> bool:
    """Return whether twice as much more work takes twice as many more calls.

    Args:
        work: given a size, what does work of that size.
    """
    small, medium, large = (calls(work(size)) for size in (10, 20, 40))
    return large - medium < 2.02 * (medium - small)
