"""Work shared out between threads, one to a core."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch


@contextmanager
def single_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Yield `count` threads in which torch computes without sharing out further.

    Decoding, resampling, hashing and torch all release Python's lock. Whole pieces of work on a
    thread each need no waiting for one another, as the threads within an operation of torch do.
    """
    before = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(before)  # MKL's number is one for all threads
