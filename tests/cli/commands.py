"""Running `xlser` as a user does: in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

XLSER = [sys.executable, "-c", "from xlser.cli import main; main()"]


def start(*args: str, folder: Path, **environment: str) -> subprocess.Popen[str]:
    """Start a command; methods of plugins run in the workers themselves unless it says otherwise.

    tests/runs/test_sealing.py is about sealed ones.
    """
    if args[:1] == ("run",) and not {"--isolate", "--no-isolate"} & {*args}:
        args = ("run", "--no-isolate", *args[1:])
    return subprocess.Popen(
        [*XLSER, *args],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test run that a shell put into the background ignores interrupts, and so would this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def xlser(
    *args: str, folder: Path, timeout: float = 300, **environment: str
) -> subprocess.CompletedProcess[str]:
    process = start(*args, folder=folder, **environment)
    out, err = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
