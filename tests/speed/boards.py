"""Pages and validation of large boards, made of committed records under other methods' names.

    python -m tests.speed.boards             # 10,000 runs, packed as committed ones are
    python -m tests.speed.boards --loose     # in a file each
    python -m tests.speed.boards --runs 2500 --keep FOLDER

Each record is one of `v2`, of which the method is renamed and the key made anew, so that
`xlser validate` accepts it; what was predicted is changed a little, so that no two methods are
equal. Seconds, CPU seconds and peak memory are those of the command in a process of its own.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from tests.cli.commands import XLSER
from tests.records import committed
from tests.records.files_of_records import home
from tests.speed.material import surroundings

from xlser.records import Predictions, Record, score_predictions
from xlser.records.columns import to_table
from xlser.records.packing import as_files
from xlser.records.validate import identity
from xlser.system.files import digest_json, write_atomically

PROTOCOL = "v2"
CHANGED = 0.1  # share of the target predictions that another method has otherwise


@dataclass(frozen=True)
class Cost:
    """What a command took.

    Attributes:
        seconds: by the clock.
        cpu: seconds of all cores.
        mebibytes: peak of memory.
    """

    seconds: float
    cpu: float
    mebibytes: float

    def __str__(self) -> str:
        """Return a table's cells."""
        return f"{self.seconds:.1f} s | {self.cpu:.1f} s | {self.mebibytes:.0f} MiB"


def made_up(runs: int) -> Iterator[Record]:
    """Yield so many records, those of a target and of a copy after one another."""
    folder = committed.COMMITTED / PROTOCOL / "results"
    known = {path.name: [*committed.committed(str(path)).values()] for path in folder.iterdir()}
    records = sum(map(len, known.values()))
    for target, of_target in sorted(known.items()):
        share = round(runs * len(of_target) / records)
        copies = (_copy(record, copy) for copy in count() for record in of_target)
        yield from islice(copies, share if target != max(known) else runs)
        runs, records = runs - share, records - len(of_target)


def _copy(record: Record, copy: int) -> Record:
    chance = np.random.default_rng([copy, *bytes.fromhex(record.key[:16])])
    parts = tuple(
        part if part.role == "source" else _changed(part, len(record.classes), chance)
        for part in record.predictions
    )
    method = record.method.model_copy(update={"name": f"{record.method.name}-{copy}"})
    scores = score_predictions(parts, len(record.classes), record.source_figure)
    other = record.model_copy(update={"method": method, "predictions": parts, "scores": scores})
    return other.model_copy(update={"key": digest_json(identity(other))})


def _changed(part: Predictions, classes: int, chance: np.random.Generator) -> Predictions:
    """Give some utterances the probabilities of another."""
    levels = part.level_matrix.astype(np.float64) / 255
    off = np.flatnonzero(chance.random(len(levels)) < CHANGED)
    levels[off] = np.roll(levels[off], 1, axis=1)
    truth = part.truth.tolist()
    return Predictions.of(part.corpus, part.role, part.names, truth, levels)


def write(leaderboards: Path, runs: int, loose: bool) -> int:
    """Write records below a folder of leaderboards; return how many."""
    results = leaderboards / PROTOCOL / "results"
    made = list(made_up(runs))
    if loose:
        for record in made:
            record.write(home(results, record))
    else:
        for path, content in as_files(to_table(made), results).items():
            write_atomically(results / path, content)
    return len(made)


_MEASURED = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
took = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""
# In a small process: a child's peak of memory begins at that of the process that starts it.


def cost_of(*arguments: str, folder: Path) -> Cost:
    """Return what a command of `xlser` takes."""
    command = [sys.executable, "-c", _MEASURED, *XLSER, *arguments]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    code, *cost = json.loads(done.stdout)
    if code:
        raise SystemExit(f"xlser {' '.join(arguments)}: exit code {code}")
    return Cost(*cost)


def measure(runs: int, loose: bool, folder: Path) -> dict[str, Cost]:
    """Write a board and return what reading it takes, by command."""
    there = write(folder / "leaderboards", runs, loose)
    assert there == runs, there
    return {
        "validate": cost_of("validate", folder=folder),
        "leaderboard": cost_of("leaderboard", PROTOCOL, folder=folder),
    }


def main() -> None:
    """Print the costs of each command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--loose", action="store_true", help="a file each")
    parser.add_argument("--keep", type=Path, help="folder in which the board stays")
    given = parser.parse_args()
    with TemporaryDirectory() as temporary:
        costs = measure(given.runs, given.loose, given.keep or Path(temporary))
    print(surroundings(), end="\n\n")
    kind = "in a file each" if given.loose else "packed"
    print(
        f"| {given.runs} runs, {kind} | time | CPU | peak memory |", "|:--|--:|--:|--:|", sep="\n"
    )
    for command, cost in costs.items():
        print(f"| `xlser {command}` | {cost} |")


if __name__ == "__main__":
    sys.exit(main())
