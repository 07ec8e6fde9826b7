"""A side of a comparison in a process of its own, where its allocator is as it would be."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection

import torch

from xlser.settings import cpu_count

Side = Callable[..., Callable[[], object]]
"""Makes from its arguments what is timed."""


@contextmanager
def in_own_process(side: Side, *arguments: object) -> Iterator[Callable[[], object]]:
    """Start a process that makes a side, and yield what runs it there once."""
    context = get_context("spawn")
    wire, other_end = context.Pipe()
    process = context.Process(target=_serve, args=(other_end, side, *arguments), daemon=True)
    process.start()
    other_end.close()

    def run() -> object:
        wire.send(True)
        return wire.recv()  # EOFError if the process died

    try:
        yield run
    finally:
        process.kill()
        process.join()


def _serve(wire: Connection, side: Side, *arguments: object) -> None:
    torch.set_num_threads(cpu_count())
    work = side(*arguments)
    while wire.recv():
        work()
        wire.send(True)
