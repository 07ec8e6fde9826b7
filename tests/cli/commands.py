"""Running `xlser` as a user does: in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.warm import Command

XLSER = [sys.executable, "-c", "from xlser.cli import main; main()"]


def start(*args: str, folder: Path, **environment: str) -> Command:
    """Start a command; methods of plugins run in the workers themselves unless it says otherwise.

    tests/runs/test_sealing.py is about sealed ones.
    """
    if args[:1] == ("run",) and not {"--isolate", "--no-isolate"} & {*args}:
        args = ("run", "--no-isolate", *args[1:])
    return Command([*args], folder, {**os.environ, **environment})


def xlser(
    *args: str, folder: Path, timeout: float = 300, **environment: str
) -> subprocess.CompletedProcess[str]:
    process = start(*args, folder=folder, **environment)
    out, err = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(process.args, process.wait(), out, err)
