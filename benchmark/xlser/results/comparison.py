"""Two methods, cell by cell: how far apart, and whether more than speakers by chance."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from xlser.errors import RecordError, UnknownNameError
from xlser.metrics import Metric
from xlser.protocols import Labels, Protocol
from xlser.results.inference.statistics import LEVEL, Difference, Estimate, adjusted_ps
from xlser.results.rows import Condition
from xlser.results.tables import Row, Table


@dataclass(frozen=True)
class Cell:
    """Two methods on one target at one label budget, tested on the same utterances.

    Attributes:
        condition: what both have in common.
        target: language.
        labels: budget.
        a: one row.
        b: the other.
        difference: of the metric, a's above b's.
        p: of the difference being 0, adjusted for all cells compared.
    """

    condition: Condition
    target: str
    labels: Labels
    a: Row
    b: Row
    difference: Difference
    p: float

    @property
    def utterances(self) -> int:
        """Number of test utterances, over all seeds."""
        return len(self.a.predictions.utterances.ids)

    @property
    def recalls(self) -> list[float | None]:
        """By how much a's recall of each class is above b's, percent; None where none is tested."""
        pairs = zip(self.a.predictions.recalls, self.b.predictions.recalls, strict=True)
        return [None if a is None or b is None else a - b for a, b in pairs]

    @property
    def only_a(self) -> int:
        """Number of utterances, over all seeds, that a alone recognised."""
        return int(np.sum(self.a.predictions.right & ~self.b.predictions.right))

    @property
    def only_b(self) -> int:
        """Number of utterances, over all seeds, that b alone recognised."""
        return int(np.sum(self.b.predictions.right & ~self.a.predictions.right))


@dataclass(frozen=True)
class Mean:
    """The mean over targets at one label budget.

    Attributes:
        condition: what both methods have in common.
        targets: languages averaged over.
        labels: budget.
        a: mean of one method.
        b: mean of the other.
        difference: a's above b's.
        p: of the difference being 0, adjusted for all means compared.
    """

    condition: Condition
    targets: tuple[str, ...]
    labels: Labels
    a: Estimate
    b: Estimate
    difference: Difference
    p: float


@dataclass(frozen=True)
class Comparison:
    """Two methods wherever both have a row over the same seeds.

    Attributes:
        a: name of the first method, as the tables show it.
        b: name of the other.
        metric: that is compared.
        cells: by condition, target and label budget.
        means: over targets, by condition and label budget; none of a single target.
    """

    a: str
    b: str
    metric: Metric
    cells: Sequence[Cell]
    means: Sequence[Mean]

    @property
    def frame(self) -> pd.DataFrame:
        """Cells, then means over targets, a row each.

        Columns: `condition` (slug), `target` (languages of a mean joined by +), `labels`, `a`, `b`
        and `difference` in percent, `low` and `high` (95 % interval of the difference; NaN where
        there is none), `p` (adjusted), `verdict`; of cells alone `speakers` (effective number),
        `seeds`, `utterances`, `only_a` and `only_b`.
        """
        cells = [
            self._frame_row(cell, cell.target, cell.a.resampled.score, cell.b.resampled.score)
            | {
                "speakers": cell.a.resampled.speakers,
                "seeds": len(cell.a.seeds),
                "utterances": cell.utterances,
                "only_a": cell.only_a,
                "only_b": cell.only_b,
            }
            for cell in self.cells
        ]
        means = [
            self._frame_row(mean, "+".join(mean.targets), mean.a.value, mean.b.value)
            for mean in self.means
        ]
        counts = ["seeds", "utterances", "only_a", "only_b"]
        return pd.DataFrame([*cells, *means]).astype(dict.fromkeys(counts, "Int64"))

    def _frame_row(self, of: Cell | Mean, target: str, a: float, b: float) -> dict[str, Any]:
        low, high = of.difference.interval or (float("nan"), float("nan"))
        return {
            "condition": of.condition.slug,
            "target": target,
            "labels": of.labels,
            "a": a,
            "b": b,
            "difference": of.difference.value,
            "low": low,
            "high": high,
            "p": of.p,
            "verdict": verdict(of.p, of.difference, self.a, self.b),
        }


def compare(
    protocol: Protocol,
    tables: Iterable[Table],
    a: str,
    b: str,
    targets: Collection[str] = (),
    labels: Collection[Labels] = (),
) -> Comparison:
    """Compare two methods.

    Args:
        protocol: of the tables.
        tables: where both may have rows.
        a: one method, as rows name it.
        b: the other.
        targets: languages to look at; all if empty.
        labels: budgets to look at; all if empty.

    Raises:
        UnknownNameError: no such method, or no such target.
        RecordError: there is no target and label budget at which both have records.
    """
    for target in targets:
        protocol.corpora_of(target)
    tables = list(tables)
    names = {row.method for table in tables for row in table.every}
    for name in (a, b):
        if name not in names:
            raise UnknownNameError(f"{protocol.name} row of", name, names)
    cells = [
        cell
        for table in tables
        for cell in _cells(table, a, b)
        if (not targets or cell.target in targets) and (not labels or cell.labels in labels)
    ]
    if not cells:
        raise RecordError(
            f"{a} and {b} share no cell of {protocol.name} that was asked for: {a} has records "
            f"of {_described(tables, a)}; {b} of {_described(tables, b)}.",
            "Compare methods of the same target, label budget, condition, seeds and recordings, "
            "or run what one of them lacks.",
        )
    cells.sort(key=lambda cell: cell.condition)
    adjusted = adjusted_ps([cell.difference for cell in cells])
    cells = [replace(cell, p=p) for cell, p in zip(cells, adjusted, strict=True)]
    return Comparison(a, b, tables[0].metric, cells, _means(cells))


def verdict(p: float, difference: Estimate, a: str, b: str) -> str:
    """Return in words which is above, if either is.

    Args:
        p: of no difference, corrected for the number of comparisons.
        difference: of `a` less `b`.
        a: name of a method.
        b: name of the other.
    """
    if p > LEVEL:
        return "not separable"
    return f"{a} above {b}" if difference.value > 0 else f"{b} above {a}"


def _described(tables: Iterable[Table], method: str) -> str:
    """Return the targets, label budgets and marks of a method: "german (25, 100 labels)"."""
    found: dict[str, dict[str, None]] = {}
    for table in tables:
        for row in table.every:
            if row.method == method:
                marks = f" on {'; '.join(row.marks)}" if row.marks else ""
                found.setdefault(f"{table.target}{marks}", {})[str(row.labels)] = None
    return ", ".join(f"{where} ({', '.join(budgets)} labels)" for where, budgets in found.items())


def _cells(table: Table, a: str, b: str) -> list[Cell]:
    """Return the budgets at which both have comparable rows, with p-values of 1."""
    of_a, of_b = ({r.labels: r for r in table.every if r.method == name} for name in (a, b))
    return [
        _cell(table, of_a[labels], of_b[labels])
        for labels in of_a
        if labels in of_b and of_a[labels].is_comparable(of_b[labels])
    ]


def _cell(table: Table, a: Row, b: Row) -> Cell:
    difference = a.resampled.minus(b.resampled)
    return Cell(table.condition, table.target, a.labels, a, b, difference, p=1.0)


def _means(cells: Iterable[Cell]) -> list[Mean]:
    together: dict[tuple[Condition, Labels], list[Cell]] = {}
    for cell in cells:
        together.setdefault((cell.condition, cell.labels), []).append(cell)
    means = [_mean(several) for several in together.values() if len(several) > 1]
    adjusted = adjusted_ps([mean.difference for mean in means])
    return [replace(mean, p=p) for mean, p in zip(means, adjusted, strict=True)]


def _mean(cells: Sequence[Cell]) -> Mean:
    return Mean(
        condition=cells[0].condition,
        targets=tuple(cell.target for cell in cells),
        labels=cells[0].labels,
        a=Estimate.average([cell.a.resampled.estimate for cell in cells]),
        b=Estimate.average([cell.b.resampled.estimate for cell in cells]),
        difference=Difference.average([cell.difference for cell in cells]),
        p=1.0,
    )
