"""Prepare a corpus under kills and in competition; print what happened as JSON.

`python interrupt_prepare.py CORPUS_FOLDER WORK_FOLDER`. Runs on its own, since it forks: a process
that has used torch's threads must not.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from xlser.audio import FrontEnd, prepare
from xlser.corpora import Inventory, get_corpus, read_for, scan
from xlser.system.files import digest_file


def main() -> None:
    """Run undisturbed, killed at random moments, and twice at once."""
    root, work = map(Path, sys.argv[1:])
    inventory = scan(get_corpus("savee"), root, emotions=read_for())

    start = time.perf_counter()
    undisturbed = [wait(begin(inventory, work / "undisturbed"))]
    duration = time.perf_counter() - start

    killed = kill_often(inventory, work / "killed", duration)
    finished = wait(begin(inventory, work / "killed"))

    rivals = [begin(inventory, work / "rivals") for _ in range(2)]
    report = {
        "kills": killed,
        "undisturbed": state(work / "undisturbed") | {"exits": undisturbed},
        "killed": state(work / "killed") | {"exits": [finished]},
        "rivals": state(work / "rivals", rivals),
    }
    print(json.dumps(report))


def kill_often(inventory: Inventory, cache: Path, duration: float) -> list[dict[str, object]]:
    """Start `prepare` and kill it at random moments; return what each left behind."""
    rng = random.Random(0)
    kills = []
    # More of them early, or all might come too late on a machine that grew faster meanwhile.
    for moment in sorted(duration * rng.random() ** 2 for _ in range(10)):
        process = begin(inventory, cache)
        time.sleep(moment)
        os.kill(process, signal.SIGKILL)
        kills.append(state(cache, [process]))
    return kills


def begin(inventory: Inventory, cache: Path) -> int:
    """Prepare in a child process; return its id."""
    process = os.fork()
    if process == 0:
        try:
            prepare(inventory, FrontEnd(), cache)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    return process


def wait(process: int) -> int:
    """Return the exit code of a child, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def state(cache: Path, processes: list[int] = ()) -> dict[str, object]:
    """Wait for `processes`; return their exit codes and what the cache holds."""
    exits = [wait(process) for process in processes]
    folder = cache / "features"
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    whole = [name for name in names if not name.endswith(".partial")]
    return {
        "exits": exits,
        "partial": [name for name in names if name.endswith(".partial")],
        "stores": {name: digest_file(folder / name / "frames.arrow") for name in whole},
    }


if __name__ == "__main__":
    main()
