"""`python -m tests.fuzz --inputs 1000000`: feed damaged and odd inputs to all that reads files.

An input that raises anything but a typed error is shrunk and kept in `tests/fuzz/examples`, where
`tests/fuzz/test_examples.py` reads it from then on. Exit code 1 if there is one.
"""

import argparse
import hashlib
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

import torch
from tests.fuzz.tally import Tally
from tests.fuzz.targets import EXAMPLES, Target, all_targets, shrunk

_BATCHES = 200  # a round
_MEMORY = 4 << 30  # bytes of address space beyond what is taken at the start


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="in all; default: %(default)s")
    parser.add_argument("--targets", nargs="+", help="names; default: all")
    parser.add_argument("--start", type=int, default=0, help="of the draws; default: %(default)s")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", RuntimeWarning)  # any bits are numbers here
    failures: dict[str, Path] = {}
    inputs = 0
    began = time.monotonic()
    memory = Path("/dev/shm")  # where there is one: a disk takes longer than a reader
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as temporary:
        folder = Path(temporary)
        targets = all_targets(folder / "cache", folder)
        if asked.targets:
            targets = [target for target in targets if target.name in asked.targets]
        _bound_memory()
        _silence_libraries()  # mpg123 writes to standard error what it thinks of each file
        whole = sum(target.share for target in targets)
        for target in targets:
            inputs += _feed(target, round(asked.inputs * target.share / whole), asked, failures)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"in all: {inputs} inputs, {len(failures)} kinds of failure, "
        f"{time.monotonic() - began:.0f} s, {peak} MiB of memory at most"
    )
    for what, path in failures.items():
        print(f"{path}: {what}")
    return int(bool(failures))


def _feed(target: Target, wanted: int, asked: argparse.Namespace, failures: dict[str, Path]) -> int:
    """Give a target so many different inputs."""
    tally, start = Tally(target.name), time.perf_counter()

    def failed(content: bytes, error: BaseException) -> None:
        what = f"{target.name}: {_kind(error)}"
        if what not in failures:
            failures[what] = _kept(target, content, _kind(error))
            print(what, failures[what], flush=True)

    turn = asked.start
    while tally.inputs < wanted:
        before = tally.inputs
        target.try_some(tally, _BATCHES, turn, failed, wanted)
        turn += 1
        if sys.stdout.isatty() or turn % 20 == 0:
            print(f"{target.name}: {tally.inputs} of {wanted}", flush=True)
        if tally.inputs == before:
            break  # there are no others
    tally.seconds = time.perf_counter() - start
    print(tally.row(), flush=True)
    return tally.inputs


def _kind(error: BaseException) -> str:
    """Return what was raised, and in which line of ours it was."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "xlser" in frame.filename] or frames
    return f"{type(error).__name__} in {Path(ours[-1].filename).name}:{ours[-1].lineno}"


def _kept(target: Target, content: bytes, kind: str) -> Path:
    """Shrink an input and write it to the folder of examples."""

    def fails(other: bytes) -> bool:
        try:
            target.read(other)
        except Exception as error:
            return _kind(error) == kind
        return False

    small = shrunk(content, fails)
    path = EXAMPLES / target.name / hashlib.sha256(small).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(small)
    return path


def _bound_memory() -> None:
    """Let an allocation without bound fail, rather than this machine."""
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + _MEMORY, resource.RLIM_INFINITY))


def _silence_libraries() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


if __name__ == "__main__":
    sys.exit(main())
