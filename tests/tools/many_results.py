"""How long a page's worth of numbers takes for ten thousand made-up records.

`python -m tests.tools.many_results [FOLDER]` makes the records of `tests.records.ten_thousand`
(10,080 runs, 1,120 rows of nine seeds), unless they are in the folder, and times what a page asks
for.
"""

import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from tests.records.ten_thousand import CLASSES, FOLDS, LANGUAGES, make

from xlser.records.store import read_runs
from xlser.results import Results, predictions

PROTOCOL: Any = SimpleNamespace(
    name="made-up",
    digest=sha256(b"protocol").hexdigest(),
    version=1,
    classes=CLASSES,
    headline="ua",
    headline_budgets=(),
    cells=tuple((seed, 0) for seed in range(FOLDS)),
    seeds=tuple(range(FOLDS)),
    targets=tuple(f"language-{i}" for i in range(LANGUAGES)),
    corpora_of=lambda target: (target,),
)
"""What results ask of a protocol."""


def standings(tables: Any, summaries: Any) -> None:
    """What each table and each mean over targets can find, as pages state it."""
    for each in (*tables, *summaries):
        rows = each.rows if hasattr(each, "rows") else each.lines
        budgets = {row.labels for row in rows} if hasattr(each, "rows") else each.budgets
        for labels in budgets:
            each.standing(labels, rows[0].method)


def timed(results: Path) -> dict[str, tuple[float, float]]:
    """Seconds taken by each step, and those of the processor."""
    taken: dict[str, tuple[float, float]] = {}

    def step(name: str, compute: Any) -> Any:
        begun, begun_work = perf_counter(), process_time()
        made = compute()
        taken[name] = perf_counter() - begun, process_time() - begun_work
        return made

    # Made-up corpora are not registered; their names begin with the speaker's.
    with patch.object(predictions, "_speaker", lambda corpus, name: name.partition("-")[0]):
        runs = step("read", lambda: read_runs(results))
        found = step("arrange", lambda: Results(PROTOCOL, runs))
        tables = step("tables", found.tables)
        summaries = step("summaries", found.summaries)
        step("standings", lambda: standings(tables, summaries))
        step("comparison", lambda: found.compare("method-00", "method-01"))
        step("cost", found.cost)
        step("frame of all metrics", lambda: found.frame)
    assert sum(len(row.seeds) for table in tables for row in table.rows) == len(runs)
    return taken


def main() -> None:
    """Print the seconds of each step."""
    with TemporaryDirectory() as temporary:
        results = Path(sys.argv[1] if sys.argv[1:] else temporary) / "results"
        if not results.is_dir():
            make(results)
        for name, (seconds, work) in timed(results).items():
            print(f"{name}: {seconds:.2f} s, {work:.2f} s of the processor")


if __name__ == "__main__":
    main()
