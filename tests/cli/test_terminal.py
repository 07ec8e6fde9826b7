"""`xlser run` at a terminal; `test_commands` has what a pipe gets."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from tests.cli.commands import XLSER

ARGS = ("run", "svm", "--target", "german", "--labels", "20", "--seeds", "0")


def at_a_terminal(*args: str, folder: Path, cache: Path) -> str:
    """What a terminal of 80 columns is sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 31, 80, 0, 0))
    environment = {**os.environ, "TERM": "xterm", "XLSER_CACHE": str(cache)}
    process = subprocess.Popen(
        [*XLSER, *args], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    sent = b""
    while True:
        try:
            piece = os.read(ours, 1 << 16)
        except OSError:  # Linux: the other end is closed
            break
        if not piece:
            break
        sent += piece
    os.close(ours)
    assert process.wait(60) == 0
    return sent.decode().replace("\r\n", "\n")


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
def test_a_terminal_shows_bars_then_one_screen_and_the_page_has_the_tables(
    tmp_path: Path, demo_cache: Path
) -> None:
    sent = at_a_terminal(*ARGS, folder=tmp_path, cache=demo_cache)
    bars, _, screen = sent.rpartition("\x1b[2K")  # the last bar is erased
    assert "runs (" in bars
    assert "]: ua" not in sent  # no line for each run
    screen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen).strip()
    assert "svm" in screen
    assert "| method" not in screen
    assert len(screen.splitlines()) <= 30
    assert max(map(len, screen.splitlines())) <= 80
    page = (tmp_path / "leaderboards" / "demo" / "README.md").read_text()
    assert "| method" in page
