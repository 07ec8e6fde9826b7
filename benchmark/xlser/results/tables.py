"""The rows of a leaderboard, a table for each target and condition."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from statistics import mean
from typing import Any

import pandas as pd

from xlser.methods.vocabulary import TWIN
from xlser.metrics import Metric, majority_rate
from xlser.protocols import Labels, Protocol
from xlser.results.gains import Gain, gains_of
from xlser.results.inference.bootstrap import Resampled, resample
from xlser.results.inference.ranking import Standing, standing
from xlser.results.inference.statistics import Difference, adjusted_ps
from xlser.results.predictions import PredictionsOf, RowPredictions
from xlser.results.rows import ROW, TABLE, Condition, marks_of
from xlser.results.scores import RowScores, RunScores
from xlser.results.unlabelled import mean_of_runs
from xlser.system.kept import kept

_OF_A_ROW = (
    "row", "method", "changed", "other", "labels", "target_labels", "other_recordings", "versions",
    "seed", "fold", "twin_of", "unlabelled",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Row:
    """A method at a label budget, over the seeds there are.

    Attributes:
        method: what tables call it: the method's name and, in parentheses, what sets it apart.
        name: under which the method is registered.
        changed: hyper-parameters that differ from the defaults.
        other: what sets it apart from the method of that name of this distribution, if anything.
        labels: budget.
        bound: whether it sees all target labels, and so is shown apart.
        marks: why it is neither ranked nor compared; empty as a rule.
        cells: seeds and folds recorded.
        planned: those of the protocol.
        scores: by role and metric.
        predictions: for the target's test utterances.
        resampled: the table's metric on the target, over resamples of its test speakers.
        twin_of: the row, as tables call it, whose method this is without its unlabelled speech.
        unlabelled: mean over runs of what records state of unlabelled speech, percent
            (`xlser.results.unlabelled.COLUMNS`); empty where they state nothing.
    """

    method: str
    name: str
    changed: tuple[str, ...]
    other: str
    labels: Labels
    bound: bool
    marks: tuple[str, ...]
    cells: tuple[tuple[int, int], ...]
    planned: tuple[tuple[int, int], ...]
    scores: RowScores
    predictions: RowPredictions
    resampled: Resampled
    twin_of: str | None
    unlabelled: Mapping[str, float]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds recorded, some perhaps without all of their folds."""
        return tuple(dict.fromkeys(seed for seed, _ in self.cells))

    @property
    def complete(self) -> bool:
        """Whether every seed and fold of the protocol is recorded."""
        return self.cells == self.planned

    @property
    def ranked(self) -> bool:
        """Whether it may have a rank."""
        twin = TWIN in self.changed
        return self.complete and not self.bound and not self.marks and not twin

    def is_comparable(self, other: "Row") -> bool:
        """Return whether differences to another row mean something: seeds and recordings agree."""
        same = self.predictions.utterances is other.predictions.utterances
        return same and self.cells == other.cells and not self.marks and not other.marks


@dataclass(frozen=True, eq=False)
class Table:
    """The comparable rows of one target, best first within each label budget.

    Attributes:
        target: language.
        condition: what the rows have in common.
        metric: that they are ordered and resampled by.
        rows: by label budget, then by the metric; the bounds come last.
        twins: of rows, without their unlabelled speech; they have no rank and stand in no row.
        majority: accuracy of always predicting the most frequent class, percent, mean over seeds.
    """

    target: str
    condition: Condition
    metric: Metric
    rows: tuple[Row, ...]
    twins: tuple[Row, ...]
    majority: float

    @kept
    def standing(self, labels: Labels, reference: str | None = None) -> Standing | None:
        """Return how sure the order of a label budget's rows is, of those that may have a rank.

        Args:
            labels: budget.
            reference: method that others are held against, at its defaults.
        """
        ranked = [row for row in self.rows if row.ranked and row.labels == labels]
        first = self.reference(reference, ranked)
        members = {row.method: [row.resampled] for row in ranked}
        return standing(members, first.method if first else None)

    @kept
    def against(
        self, labels: Labels, reference: str | None
    ) -> Mapping[Row, tuple[Difference, float]]:
        """Return how far rows are above the reference, with p-values adjusted for all of them.

        Args:
            labels: budget; the bounds are compared at each.
            reference: name of the method that others are held against, at its defaults.

        Returns:
            By row that is comparable to it.
        """
        rows = [row for row in self.rows if row.bound or row.labels == labels]
        first = self.reference(reference, rows)
        others = [row for row in rows if row is not first and first and row.is_comparable(first)]
        differences = [row.resampled.minus(first.resampled) for row in others if first]
        compared = zip(differences, adjusted_ps(differences), strict=True)
        return dict(zip(others, compared, strict=True))

    @property
    def every(self) -> tuple[Row, ...]:
        """The rows and their twins."""
        return (*self.rows, *self.twins)

    def gains(self, labels: Labels) -> Mapping[str, Gain]:
        """Return by how much methods are above their twins at a label budget, best method first."""
        twins = {twin.twin_of: twin for twin in self.twins if twin.labels == labels}
        pairs = [
            (row, twins[row.method])
            for row in self.rows
            if row.labels == labels and row.method in twins
        ]
        return gains_of(
            {
                row.method: row.resampled.minus(twin.resampled)
                for row, twin in pairs
                if row.is_comparable(twin)
            }
        )

    def reference(self, name: str | None, rows: Sequence[Row]) -> Row | None:
        """Return the row of the reference method with its default settings; None if there is none.

        Args:
            name: of the method.
            rows: to look in.
        """
        found = [r for r in rows if r.name == name and not (r.changed or r.marks or r.other)]
        return found[0] if len(found) == 1 else None


def make_tables(
    protocol: Protocol, runs: pd.DataFrame, scores: RunScores, metric: Metric
) -> list[Table]:
    """Arrange runs in tables, by target and condition.

    Args:
        protocol: of the runs.
        runs: as `arrange` returns them; their index is the position in `scores.runs`.
        scores: of the runs.
        metric: to order and to resample by.

    Raises:
        RecordError: an utterance is none of its corpus.
    """
    predictions = PredictionsOf(scores.runs, len(protocol.classes))
    shown = runs.loc[~runs["doubled"], [*dict.fromkeys((*ROW, *_OF_A_ROW))]]
    order = {target: i for i, target in enumerate(protocol.targets)}
    tables = [
        _table(protocol, target, condition, of_table, scores, predictions, metric)
        for (target, condition), of_table in grouped(shown.itertuples(name="Run"), TABLE)
    ]
    return sorted(tables, key=lambda table: (order[table.target], table.condition))


def grouped(
    runs: Iterable[Any], columns: Sequence[str]
) -> Iterable[tuple[tuple[Any, ...], list[Any]]]:
    """Group runs by columns of any hashable objects, in the order in which they come."""
    key_of = attrgetter(*columns)
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for run in runs:
        groups.setdefault(key_of(run), []).append(run)
    return groups.items()


def _table(
    protocol: Protocol,
    target: str,
    condition: Condition,
    runs: Sequence[Any],
    scores: RunScores,
    predictions: PredictionsOf,
    metric: Metric,
) -> Table:
    of_rows = [sorted(of_row, key=attrgetter("seed", "fold")) for _, of_row in grouped(runs, ROW)]
    predicted = [predictions.row([run.Index for run in of_row]) for of_row in of_rows]
    parts = zip(of_rows, predicted, resample(predicted, metric), strict=True)
    rows = [_row(protocol, of_row, scores, own, over) for of_row, own, over in parts]
    sign = -1 if metric.higher_is_better else 1

    def order(row: Row) -> tuple[bool, int, float, str]:
        budget = 0 if row.labels == "all" else row.labels
        return (row.bound, budget, sign * row.scores["target", metric.name].mean, row.method)

    rows.sort(key=order)
    shown, twins = (tuple(r for r in rows if bool(r.twin_of) is apart) for apart in (False, True))
    return Table(target, condition, metric, shown, twins, _majority(runs, scores))


def _row(
    protocol: Protocol,
    runs: Sequence[Any],
    scores: RunScores,
    predictions: RowPredictions,
    resampled: Resampled,
) -> Row:
    """Return the row of some runs, in the order of their seeds and folds."""
    first = runs[0]
    return Row(
        method=first.row,
        name=first.method,
        changed=first.changed,
        other=first.other,
        labels=first.labels,
        bound=first.target_labels == "all",
        marks=marks_of(first.other_recordings, first.versions),
        cells=tuple((run.seed, run.fold) for run in runs),
        planned=protocol.cells,
        scores=RowScores(
            scores, [[run.Index for run in of] for _, of in groupby(runs, attrgetter("seed"))]
        ),
        predictions=predictions,
        resampled=resampled,
        twin_of=first.twin_of,
        unlabelled=mean_of_runs([run.unlabelled for run in runs]),
    )


def _majority(runs: Sequence[Any], scores: RunScores) -> float:
    firsts = [of_cell[0].Index for _, of_cell in grouped(runs, ("seed", "fold"))]
    return mean(100 * majority_rate(scores.runs.test_set(i, "target").truth) for i in firsts)
