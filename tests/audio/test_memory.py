"""Preparing takes no more memory for more utterances."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests import trees

SCRIPT = Path(__file__).with_name("memory_of_prepare.py")
MEBIBYTE = 1 << 20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_is_bounded_and_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    # 5 s: 64 kB of features an utterance, 320 kB of samples; 96 MB and 480 MB more of them.
    recording = trees.record(tmp_path / "a.wav", trees.noise(seconds=5))
    command = [sys.executable, str(SCRIPT), str(recording), str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    once, ten_times = json.loads(done.stdout)
    assert once < 1024 * MEBIBYTE
    assert ten_times - once < 60 * MEBIBYTE
