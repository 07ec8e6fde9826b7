"""Means over target languages: which method is best overall."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from xlser.metrics import Metric
from xlser.protocols import Labels
from xlser.results.bootstrap import Resampled
from xlser.results.rows import Condition
from xlser.results.scores import Score
from xlser.results.statistics import Estimate
from xlser.results.tables import Row, Table


@dataclass(frozen=True, eq=False)
class Line:
    """A method, over targets.

    Attributes:
        method: as rows name it.
        metric: that is averaged.
        rows: one a target, by label budget, in rising order.
    """

    method: str
    metric: Metric
    rows: Mapping[Labels, Sequence[Row]]

    @cached_property
    def scores(self) -> Mapping[Labels, Score]:
        """Mean over targets of the metric, by label budget."""
        metric = self.metric.name
        return {
            labels: Score.average([row.scores["target", metric] for row in rows])
            for labels, rows in self.rows.items()
        }

    @property
    def largest(self) -> Labels:
        """Largest label budget, "all" above any number."""
        return max(self.rows, key=rising)

    def estimate(self, labels: Labels) -> Estimate:
        """Return the mean over targets at a label budget, with its standard error."""
        return Estimate.average([row.resampled.estimate for row in self.rows[labels]])

    def minus(self, other: "Line", labels: Labels) -> Estimate:
        """Return the difference to another's mean over targets at a label budget."""
        return difference_of_means([self], [other], labels)

    @property
    def bound(self) -> bool:
        """Whether it sees all target labels, and so has no rank."""
        return "all" in self.rows


@dataclass(frozen=True, eq=False)
class Summary:
    """The methods of one condition, over its targets.

    Attributes:
        condition: what they have in common.
        targets: languages averaged over.
        lines: best first at the largest budget, then those that lack it, then the bounds.
        left_out: by method, label budgets without a row that is complete and unmarked for every
            target.
    """

    condition: Condition
    targets: tuple[str, ...]
    lines: tuple[Line, ...]
    left_out: Mapping[str, Sequence[Labels]]

    @property
    def languages(self) -> str:
        """The targets in words: "French, German and Italian"."""
        *others, last = (target.capitalize() for target in self.targets)
        return f"{', '.join(others)} and {last}"

    @property
    def budgets(self) -> tuple[Labels, ...]:
        """Label budgets that some method has, in rising order, "all" last."""
        present = {labels for line in self.lines for labels in line.rows}
        return tuple(sorted(present, key=rising))

    def best(self, count: int) -> "Summary":
        """Return the summary of the first `count` methods that may have a rank, and the bounds."""
        ranked = [line for line in self.lines if not line.bound]
        bounds = [line for line in self.lines if line.bound]
        return replace(self, lines=(*ranked[:count], *bounds))


def summarise(tables: Iterable[Table]) -> list[Summary]:
    """Summarise each condition that has several targets and a method complete over them."""
    by_condition: dict[Condition, list[Table]] = {}
    for table in tables:
        by_condition.setdefault(table.condition, []).append(table)
    several = [group for _, group in sorted(by_condition.items()) if len(group) > 1]
    return [summary for group in several if (summary := _summary(group)).lines]


def difference_of_means(above: Sequence[Line], below: Sequence[Line], labels: Labels) -> Estimate:
    """Return by how much the mean over methods and targets is above that of other methods.

    Speakers are paired where both tested the same utterances.

    Args:
        above: methods that have the label budget.
        below: the others.
        labels: budget.
    """
    pairs = zip(_over_methods(above, labels), _over_methods(below, labels), strict=True)
    return Estimate.average([a.minus(b) for a, b in pairs])


def rising(labels: Labels) -> float:
    """Return a sort key of label budgets: "all" comes last."""
    return float("inf") if labels == "all" else labels


def _over_methods(lines: Sequence[Line], labels: Labels) -> list[Resampled]:
    """Return the mean over methods of each target's resampled scores."""
    of_targets = zip(*([row.resampled for row in line.rows[labels]] for line in lines), strict=True)
    return [
        replace(
            rows[0],
            score=sum(row.score for row in rows) / len(rows),
            values=np.mean([row.values for row in rows], axis=0),
        )
        for rows in of_targets
    ]


def _summary(tables: Sequence[Table]) -> Summary:
    by_cell: dict[tuple[str, Labels], list[Row]] = {}
    for table in tables:
        for row in table.rows:
            by_cell.setdefault((row.method, row.labels), []).append(row)
    rows: dict[str, dict[Labels, Sequence[Row]]] = {}
    left_out: dict[str, list[Labels]] = {}
    for (method, labels), over in sorted(by_cell.items(), key=lambda item: rising(item[0][1])):
        if len(over) == len(tables) and all(row.complete and not row.marks for row in over):
            rows.setdefault(method, {})[labels] = over
        else:
            left_out.setdefault(method, []).append(labels)
    metric = tables[0].metric
    lines = [Line(method, metric, over) for method, over in rows.items()]
    return Summary(
        condition=tables[0].condition,
        targets=tuple(table.target for table in tables),
        lines=tuple(sorted(lines, key=_best_first)),
        left_out=dict(sorted(left_out.items())),
    )


def _best_first(line: Line) -> tuple[bool, float, float, str]:
    mean = line.scores[line.largest].mean
    mean = -mean if line.metric.higher_is_better else mean
    return (line.bound, -rising(line.largest), mean, line.method)
