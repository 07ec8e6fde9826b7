"""Two methods, cell by cell: how far apart, and whether more than speakers by chance."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xlser.errors import RecordError, UnknownNameError
from xlser.protocols import Labels, Protocol
from xlser.results.answers import recall_percent
from xlser.results.statistics import LEVEL, Estimate, holm
from xlser.results.tables import Condition, Row, Table


@dataclass(frozen=True)
class Cell:
    """Two methods on one target at one label budget, tested on the same utterances.

    Attributes:
        setting: what both have in common.
        target: language.
        labels: budget.
        a: one row.
        b: the other.
        difference: of the headline figure, a's above b's.
        p: of the difference being nil, adjusted for all cells compared.
    """

    condition: Condition
    target: str
    labels: Labels
    a: Row
    b: Row
    difference: Estimate
    p: float

    @property
    def recalls(self) -> list[float | None]:
        """By how much a's recall of each class is above b's, percent; None where none is tested."""
        pairs = zip(recall_percent(self.a.answers), recall_percent(self.b.answers), strict=True)
        return [None if a is None or b is None else a - b for a, b in pairs]

    @property
    def only_a(self) -> int:
        """Answers, over all seeds, that a alone got right."""
        return int(np.sum(self.a.answers.right & ~self.b.answers.right))

    @property
    def only_b(self) -> int:
        """Answers, over all seeds, that b alone got right."""
        return int(np.sum(self.b.answers.right & ~self.a.answers.right))


@dataclass(frozen=True)
class Mean:
    """The mean over targets at one label budget.

    Attributes:
        setting: what both methods have in common.
        targets: languages averaged over.
        labels: budget.
        a: mean of one method.
        b: mean of the other.
        difference: a's above b's.
        p: of the difference being nil, adjusted for all means compared.
    """

    condition: Condition
    targets: tuple[str, ...]
    labels: Labels
    a: Estimate
    b: Estimate
    difference: Estimate
    p: float


@dataclass(frozen=True)
class Comparison:
    """Two methods wherever both have a row over the same seeds.

    Attributes:
        a: name of one method, as rows name it.
        b: name of the other.
        cells: by setting, target and label budget.
        means: over targets, by setting and label budget; none of a single target.
    """

    a: str
    b: str
    cells: Sequence[Cell]
    means: Sequence[Mean]


def compare(
    protocol: Protocol,
    boards: Iterable[Table],
    a: str,
    b: str,
    targets: Collection[str] = (),
    labels: Collection[Labels] = (),
) -> Comparison:
    """Compare two methods.

    Args:
        protocol: of the records.
        boards: its tables.
        a: one method, as rows name it.
        b: the other.
        targets: languages to look at; all if empty.
        labels: budgets to look at; all if empty.

    Raises:
        UnknownNameError: no row is of such a method, or no target or budget is called so.
        RecordError: they share no cell.
    """
    for target in targets:
        protocol.corpora_of(target)
    boards = list(boards)
    names = {row.method for board in boards for row in board.rows}
    for name in (a, b):
        if name not in names:
            raise UnknownNameError(f"{protocol.name} row of", name, names)
    cells = [
        cell
        for board in boards
        for cell in _cells(board, a, b)
        if (not targets or cell.target in targets) and (not labels or cell.labels in labels)
    ]
    if not cells:
        raise RecordError(
            f"{a} and {b} share no cell of {protocol.name} that was asked for: {a} has records "
            f"of {_had(boards, a)}; {b} of {_had(boards, b)}.",
            "Compare methods of the same target, label budget, setting and seeds, or run what "
            "one of them lacks.",
        )
    cells.sort(key=lambda cell: cell.condition)
    adjusted = holm([cell.p for cell in cells])
    cells = [replace(cell, p=p) for cell, p in zip(cells, adjusted, strict=True)]
    return Comparison(a, b, cells, _means(cells))


def verdict(p: float, difference: Estimate, a: str, b: str) -> str:
    """Say in words which is above, if either is."""
    if p > LEVEL:
        return "not separable"
    return f"{a} above {b}" if difference.value > 0 else f"{b} above {a}"


def _had(boards: Iterable[Table], method: str) -> str:
    """Return the targets and label budgets of a method: "german (25, 100 labels)"."""
    budgets: dict[str, dict[Labels, None]] = {}
    for board in boards:
        for row in board.rows:
            if row.method == method:
                budgets.setdefault(board.target, {})[row.labels] = None
    return ", ".join(f"{x} ({', '.join(map(str, of))} labels)" for x, of in budgets.items())


def _cells(board: Table, a: str, b: str) -> list[Cell]:
    """Return what both rows have, with p-values as they are."""
    of_a, of_b = ({r.labels: r for r in board.rows if r.method == name} for name in (a, b))
    return [
        _cell(board, of_a[labels], of_b[labels])
        for labels in of_a
        if labels in of_b and of_a[labels].answers.speech is of_b[labels].answers.speech
    ]


def _cell(board: Table, a: Row, b: Row) -> Cell:
    difference = a.resampled.minus(b.resampled)
    return Cell(board.condition, board.target, a.labels, a, b, difference, difference.p)


def _means(cells: Iterable[Cell]) -> list[Mean]:
    together: dict[tuple[Condition, Labels], list[Cell]] = {}
    for cell in cells:
        together.setdefault((cell.condition, cell.labels), []).append(cell)
    means = [_mean(several) for several in together.values() if len(several) > 1]
    adjusted = holm([mean.p for mean in means])
    return [replace(mean, p=p) for mean, p in zip(means, adjusted, strict=True)]


def _mean(cells: Sequence[Cell]) -> Mean:
    difference = Estimate.average([cell.difference for cell in cells])
    return Mean(
        condition=cells[0].condition,
        targets=tuple(cell.target for cell in cells),
        labels=cells[0].labels,
        a=Estimate.average([cell.a.resampled.estimate for cell in cells]),
        b=Estimate.average([cell.b.resampled.estimate for cell in cells]),
        difference=difference,
        p=difference.p,
    )
