"""How sure paired differences of methods are under several protocols.

`python -m tests.tools.paired_errors v1=leaderboards v2=FOLDER` prints, for each label budget that
the protocols share and for the mean over 25, 50 and 100 labels, the root mean square over all pairs
of methods of the standard error of their difference, in points of UA, on the mean over the target
languages of the records. `--methods A B ...` looks at pairs of these methods alone; with budgets,
`sft:100 lower-bound:0`, it prints the difference and the error of each pair of such rows. With
`--seeds N` only rows of the first N seeds are looked at, so that runs under way can be judged.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from math import sqrt
from pathlib import Path

from xlser.protocols import Labels, Protocol, find_protocol
from xlser.records.runs_table import Runs
from xlser.records.store import read_runs
from xlser.results import Estimate, Line, Results, Summary

BUDGETS: tuple[Labels | tuple[Labels, ...], ...] = (0, 25, 50, 100, (25, 50, 100))


def main(arguments: Sequence[str]) -> None:
    """Print a line a protocol and label budget."""
    seeds = int(arguments[arguments.index("--seeds") + 1]) if "--seeds" in arguments else None
    named = arguments[arguments.index("--methods") + 1 :] if "--methods" in arguments else []
    for word in arguments:
        name, equals, folder = word.partition("=")
        if not equals:
            continue
        protocol = find_protocol(name, Path(folder))
        for summary in summaries(protocol, Path(folder), seeds):
            rows = [word for word in named if ":" in word]
            print_named(name, summary, rows)
            lines = [line for line in summary.lines if not named or line.method in named]
            for budgets in () if rows else BUDGETS:
                errors = list(paired_errors(lines, budgets))
                if errors:
                    rms = sqrt(sum(error**2 for error in errors) / len(errors))
                    print(
                        f"{name}, {len(summary.targets)} languages, {summary.condition.slug}, "
                        f"{budgets} labels: {rms:.2f} over {len(errors)} pairs"
                    )


def summaries(protocol: Protocol, folder: Path, seeds: int | None) -> Sequence[Summary]:
    """Return the means over targets, of the first seeds alone where asked for."""
    runs = read_runs(folder / protocol.name / "results")
    if seeds is None:
        return Results(protocol, runs).summaries("ua")
    results = Results(protocol, First(runs, protocol, seeds))
    results.protocol = protocol.model_construct(
        **{**dict(protocol), "seeds": protocol.seeds[:seeds]}
    )
    return results.summaries("ua")


class First(Runs):
    """The runs of the first seeds."""

    def __init__(self, runs: Runs, protocol: Protocol, seeds: int) -> None:
        vars(self).update(vars(runs))
        kept = runs.frame["seed"].isin(protocol.seeds[:seeds])
        self._place = [place for place, keep in zip(runs._place, kept, strict=True) if keep]
        self.frame = runs.frame[kept].reset_index(drop=True)


def print_named(name: str, summary: Summary, named: Sequence[str]) -> None:
    """Print the difference of each pair of rows, `method:budget`, and its standard error.

    Then the root mean square of these errors.
    """
    errors = []
    known = {line.method: line for line in summary.lines}
    for one, other in combinations(named, 2):
        rows = []
        for word in (one, other):
            method, _, budget = word.partition(":")
            labels: Labels = "all" if budget == "all" else int(budget)
            if method not in known or not known[method].has(labels):
                return
            rows.append(known[method].rows[labels])
        pairs = [a.resampled.minus(b.resampled) for a, b in zip(*rows, strict=True)]
        found = Estimate.average(pairs)
        where = f"{name}, {len(pairs)} languages, {summary.condition.slug}"
        print(f"{where}: {one} - {other} = {found.value:+.1f}, error {found.error:.2f}")
        errors.append(found.error)
    if errors:
        rms = sqrt(sum(error**2 for error in errors) / len(errors))
        print(f"{where}: {rms:.2f} over {len(errors)} pairs")


def paired_errors(lines: Sequence[Line], budgets: Labels | tuple[Labels, ...]) -> Iterator[float]:
    """Yield the standard error of the difference of each pair of methods that have the budgets."""
    for a, b in combinations([line for line in lines if line.has(budgets)], 2):
        error = a.minus(b, budgets).error
        if error is not None:
            yield error


if __name__ == "__main__":
    main(sys.argv[1:])
