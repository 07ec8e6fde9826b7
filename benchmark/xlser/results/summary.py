"""Means over target languages: which method is best overall."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from xlser.methods.vocabulary import TWIN
from xlser.metrics import Metric
from xlser.protocols import Labels
from xlser.results.gains import Gain, gains_of
from xlser.results.inference.bootstrap import Resampled, mean_of
from xlser.results.inference.ranking import Standing, standing
from xlser.results.inference.statistics import Difference, Estimate
from xlser.results.rows import Condition
from xlser.results.scores import Score
from xlser.results.tables import Row, Table
from xlser.system.kept import kept

Budgets = Labels | tuple[Labels, ...]
"""A label budget, or several over which scores are averaged."""


def budgets_in_words(labels: Budgets) -> str:
    """Return label budgets in words: "25 labels", "25, 50, 100 labels"."""
    return f"{', '.join(map(str, _several(labels)))} labels"


@dataclass(frozen=True, eq=False)
class Line:
    """A method, over targets.

    Attributes:
        method: name, as the tables show it.
        metric: that is averaged.
        rows: one per target, by label budget, in rising order.
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

    @kept
    def score(self, labels: Budgets) -> Score:
        """Return the mean over targets at a label budget, or over several."""
        return Score.average([self.scores[each] for each in _several(labels)])

    @kept
    def estimate(self, labels: Budgets) -> Estimate:
        """Return the mean over targets at a label budget or over several, with its error."""
        return Estimate.average([of.estimate for of in _means([self], labels)])

    @kept
    def minus(self, other: "Line", labels: Budgets) -> Difference:
        """Return the difference to another's mean over targets at a label budget, or several."""
        return difference_of_means([self], [other], labels)

    def has(self, labels: Budgets) -> bool:
        """Return whether it has a label budget, or all of several."""
        return all(each in self.rows for each in _several(labels))

    @property
    def name(self) -> str:
        """The name under which the method is registered."""
        return next(iter(self.rows.values()))[0].name

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
        lines: best first by the headline, then those that lack it, then the bounds.
        left_out: by method, label budgets without a row that is complete and unmarked for every
            target.
        headline: label budgets whose mean orders the lines; empty for the largest budget alone.
        twins: of lines, without their unlabelled speech, by the line's method.
    """

    condition: Condition
    targets: tuple[str, ...]
    lines: tuple[Line, ...]
    left_out: Mapping[str, Sequence[Labels]]
    headline: tuple[Labels, ...] = ()
    twins: Mapping[str, Line] = field(default_factory=dict)

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

    @property
    def titles(self) -> Mapping[Budgets, str]:
        """In words, the headline's budgets and then each budget without "all"."""
        headline: list[Budgets] = [self.headline] if self.headline else []
        budgets = [labels for labels in self.budgets if labels != "all"]
        return {labels: budgets_in_words(labels) for labels in (*headline, *budgets)}

    @kept
    def standing(self, labels: Budgets, reference: str | None = None) -> Standing | None:
        """Return how sure the order of methods is at a label budget, or over several.

        Args:
            labels: budget, or several.
            reference: method that others are held against.
        """
        ranked = [line for line in self.lines if line.has(labels) and not line.bound]
        return standing({line.method: _means([line], labels) for line in ranked}, reference)

    def gains(self, labels: Budgets) -> Mapping[str, Gain]:
        """Return by how much methods are above their twins at a label budget, or over several."""
        pairs = [(line, self.twins.get(line.method)) for line in self.lines if line.has(labels)]
        return gains_of(
            {
                line.method: line.minus(twin, labels)
                for line, twin in pairs
                if twin and twin.has(labels)
            }
        )

    def best(self, count: int) -> "Summary":
        """Return the summary of the first `count` methods that may have a rank, and the bounds."""
        ranked = [line for line in self.lines if not line.bound]
        bounds = [line for line in self.lines if line.bound]
        return replace(self, lines=(*ranked[:count], *bounds))


def summarise(tables: Iterable[Table], headline: tuple[Labels, ...] = ()) -> list[Summary]:
    """Return a summary of each condition in which some method has all runs on several targets.

    Args:
        tables: of all targets and conditions.
        headline: label budgets whose mean comes first; empty for the largest budget alone.
    """
    by_condition: dict[Condition, list[Table]] = {}
    for table in tables:
        by_condition.setdefault(table.condition, []).append(table)
    several = [group for _, group in sorted(by_condition.items()) if len(group) > 1]
    return [summary for group in several if (summary := _summary(group, headline)).lines]


def difference_of_means(
    above: Sequence[Line], below: Sequence[Line], labels: Budgets
) -> Difference:
    """Return by how much the mean over methods and targets is above that of other methods.

    Speakers are paired where both tested the same utterances.

    Args:
        above: methods that have the label budgets.
        below: as many others.
        labels: budget, or several to average over.
    """
    pairs = zip(_means(above, labels), _means(below, labels), strict=True)
    return Difference.average([a.minus(b) for a, b in pairs])


def rising(labels: Labels) -> float:
    """Return a sort key of label budgets: "all" comes last."""
    return float("inf") if labels == "all" else labels


def _several(labels: Budgets) -> tuple[Labels, ...]:
    return labels if isinstance(labels, tuple) else (labels,)


def _means(lines: Sequence[Line], labels: Budgets) -> list[Resampled]:
    """Return the mean over methods and label budgets of each target's resampled scores."""
    averaged = [line.rows[each] for line in lines for each in _several(labels)]
    of_targets = zip(*([row.resampled for row in rows] for rows in averaged), strict=True)
    return [mean_of(rows) for rows in of_targets]


def _summary(tables: Sequence[Table], headline: tuple[Labels, ...]) -> Summary:
    metric = tables[0].metric
    rows, left_out = _over_targets(
        tables, lambda table: {r: r.method for r in table.rows if TWIN not in r.changed}
    )
    twins, _ = _over_targets(tables, lambda table: {r: str(r.twin_of) for r in table.twins})
    lines = [Line(method, metric, over) for method, over in rows.items()]
    return Summary(
        condition=tables[0].condition,
        targets=tuple(table.target for table in tables),
        lines=tuple(sorted(lines, key=lambda line: _best_first(line, headline))),
        left_out=dict(sorted(left_out.items())),
        headline=headline,
        twins={name: Line(name, metric, over) for name, over in twins.items()},
    )


def _over_targets(
    tables: Sequence[Table], named: Callable[[Table], Mapping[Row, str]]
) -> tuple[dict[str, dict[Labels, Sequence[Row]]], dict[str, list[Labels]]]:
    """Return rows that are complete and unmarked for every target, and what is left out.

    Args:
        tables: one per target.
        named: gives the rows of a table, each with the name of its line.

    Returns:
        By name and label budget; by name the budgets that lack a row.
    """
    by_cell: dict[tuple[str, Labels], list[Row]] = {}
    for table in tables:
        for row, name in named(table).items():
            by_cell.setdefault((name, row.labels), []).append(row)
    rows: dict[str, dict[Labels, Sequence[Row]]] = {}
    left_out: dict[str, list[Labels]] = {}
    for (name, labels), over in sorted(by_cell.items(), key=lambda item: rising(item[0][1])):
        if len(over) == len(tables) and all(row.complete and not row.marks for row in over):
            rows.setdefault(name, {})[labels] = over
        else:
            left_out.setdefault(name, []).append(labels)
    return rows, left_out


def _best_first(line: Line, headline: tuple[Labels, ...]) -> tuple[bool, bool, float, float, str]:
    first = headline if headline and line.has(headline) else (line.largest,)
    mean = line.score(first).mean
    mean = -mean if line.metric.higher_is_better else mean
    lacks = bool(headline) and first != headline
    return (line.bound, lacks, -rising(first[-1]), mean, line.method)
