"""Prepare a corpus of one and of ten times as many utterances; print both peaks of memory as JSON.

`python memory_of_prepare.py RECORDING WORK_FOLDER`. Runs on its own: a peak is the process'.
"""

import json
import sys
from pathlib import Path

from xlser.audio import FrontEnd, prepare
from xlser.corpora import Inventory, Utterance, get_corpus

UTTERANCES = 150  # more than `prepare` ever holds


def main() -> None:
    """Print the peaks in bytes."""
    recording, work = map(Path, sys.argv[1:])
    peaks = []
    for copies in (1, 10):
        prepare(inventory(recording, copies * UTTERANCES), FrontEnd(), work / str(copies))
        peaks.append(peak())
    print(json.dumps(peaks))


def peak() -> int:
    """Return bytes: not ru_maxrss, which begins at what the parent held when it forked."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) << 10


def inventory(recording: Path, utterances: int) -> Inventory:
    """Return a corpus of which every utterance is the same recording."""
    corpus = get_corpus("emodb")
    same = (
        Utterance(f"emodb/{i:04}", "03", "male", "anger", "a01", recording)
        for i in range(utterances)
    )
    return Inventory(corpus, recording.parent, tuple(same), ())


if __name__ == "__main__":
    main()
