"""What planned runs do not fit with among the records that are there."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

PLANNED = (
    "key", "method", "package", "settings", "target", "labels", "track", "backbone", "weights",
    "precision", "source_corpora", "excluded", "corpora",
)  # fmt: skip
"""Columns of `Runs.frame` that a planned run has as well; `package` is the installed version."""

_TABLE = ["target", "track", "backbone", "weights", "precision", "source_corpora", "excluded"]
_ROW = [*_TABLE, "method", "settings", "labels", "corpora"]


def plan_notes(todo: "pd.DataFrame", done: "pd.DataFrame", recorded: "pd.DataFrame") -> list[str]:
    """Return what will stand apart on the leaderboard, or comes from another package version.

    Args:
        todo: planned runs without a record; columns `PLANNED`.
        done: planned runs with a record; columns `PLANNED`.
        recorded: `Runs.frame` of the records that are there.
    """
    recorded = recorded[recorded["repeat"] == 0]
    return [
        *_recorded_by_others(done, recorded),
        *_seeds_by_others(todo, recorded),
        *_other_recordings(todo, recorded),
    ]


def _recorded_by_others(done: "pd.DataFrame", recorded: "pd.DataFrame") -> Iterator[str]:
    """Compare versions of the same runs."""
    package_of = dict(zip(recorded["key"], recorded["package"], strict=True))
    found = Counter(
        (method, package_of[key], package)
        for key, method, package in _tuples(done, ["key", "method", "package"])
        if package_of.get(key, package) != package
    )
    for (method, recorded_by, package), count in found.items():
        yield (
            f"{method}: {_runs(count)} recorded already by {recorded_by}; {package} is installed: "
            "delete their records to run them again."
        )


def _seeds_by_others(todo: "pd.DataFrame", recorded: "pd.DataFrame") -> Iterator[str]:
    """Look for seeds of the same row that another version of the package ran."""
    packages: dict[tuple[object, ...], dict[str, None]] = {}
    for *row, package in _tuples(recorded, [*_ROW, "package"]):
        packages.setdefault(tuple(row), {})[package] = None
    found: Counter[tuple[str, str, str]] = Counter()
    for method, package, *row in _tuples(todo, ["method", "package", *_ROW]):
        for other in packages.get(tuple(row), {}):
            if other != package:
                found[method, package, other] += 1
    for (method, package, other), count in found.items():
        yield (
            f"{method}: {_runs(count)} to do by {package} in rows that have seeds of {other}. Rows "
            "of several versions are marked and not ranked: delete the older records."
        )


def _other_recordings(todo: "pd.DataFrame", recorded: "pd.DataFrame") -> Iterator[str]:
    """Look for records of the same table that used other recordings of a corpus."""
    there: dict[tuple[object, ...], Counter[str]] = {}
    for *table, corpora in _tuples(recorded, [*_TABLE, "corpora"]):
        there.setdefault(tuple(table), Counter())[corpora] += 1
    found: Counter[tuple[str, str]] = Counter()
    for target, corpora, *table in _tuples(todo, ["target", "corpora", *_TABLE]):
        for most, _ in there.get(tuple(table), Counter()).most_common(1):
            own, usual = json.loads(corpora), json.loads(most)
            if differing := sorted(corpus for corpus in own if own[corpus] != usual.get(corpus)):
                found[target, ", ".join(differing)] += 1
    for (target, corpora), count in found.items():
        yield (
            f"{target}: {_runs(count)} to do on other recordings of {corpora} than most records "
            "there. Rows on other recordings are marked, and neither ranked nor compared with the "
            "rest: delete the older records, or use the recordings that they are of."
        )


def _tuples(frame: "pd.DataFrame", columns: list[str]) -> Iterator[tuple[Any, ...]]:
    return frame[columns].itertuples(index=False, name=None)


def _runs(count: int) -> str:
    return "1 run is" if count == 1 else f"{count} runs are"
