"""Means over target languages: who is best overall."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from xlser.protocols import Labels, Protocol
from xlser.results.statistics import Estimate
from xlser.results.tables import Condition, Row, Score, Table


@dataclass(frozen=True)
class Line:
    """A method, over targets.

    Attributes:
        method: as rows name it.
        headline: figure that is averaged.
        rows: one a target, by label budget, in rising order.
    """

    method: str
    headline: Literal["ua", "accuracy"]
    rows: Mapping[Labels, Sequence[Row]]

    @cached_property
    def scores(self) -> Mapping[Labels, Score]:
        """Mean over targets of the headline figure, by label budget."""
        return {
            labels: Score.average(row.scores["target", self.headline] for row in rows)
            for labels, rows in self.rows.items()
        }

    @property
    def largest(self) -> Labels:
        """Largest label budget, "all" above any number."""
        return max(self.rows, key=rising)

    def estimate(self, labels: Labels) -> Estimate:
        """Return the mean over targets at a label budget, and how sure it is."""
        return Estimate.average([row.resampled.estimate for row in self.rows[labels]])

    def minus(self, other: "Line", labels: Labels) -> Estimate:
        """Return by how much the mean over targets is above another's at a label budget."""
        pairs = zip(self.rows[labels], other.rows[labels], strict=True)
        return Estimate.average([row.resampled.minus(beside.resampled) for row, beside in pairs])

    @property
    def bound(self) -> bool:
        """Whether it sees all target labels, and so has no rank."""
        return "all" in self.rows


@dataclass(frozen=True)
class Summary:
    """The methods of one setting, over its targets.

    Attributes:
        setting: what they have in common.
        targets: languages averaged over.
        lines: best first at the largest budget, then those that lack it, then the bounds.
        left_out: label budgets at which a method lacks targets or seeds.
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


def summaries(protocol: Protocol, boards: Iterable[Table]) -> list[Summary]:
    """Summarise each setting that has several targets and a method complete over them."""
    by_setting: dict[Condition, list[Table]] = {}
    for board in boards:
        by_setting.setdefault(board.condition, []).append(board)
    several = [group for _, group in sorted(by_setting.items()) if len(group) > 1]
    return [summary for group in several if (summary := _summary(protocol, group)).lines]


def _summary(protocol: Protocol, boards: Sequence[Table]) -> Summary:
    by_cell: dict[tuple[str, Labels], list[Row]] = {}
    for board in boards:
        for row in board.rows:
            by_cell.setdefault((row.method, row.labels), []).append(row)
    rows: dict[str, dict[Labels, Sequence[Row]]] = {}
    left_out: dict[str, list[Labels]] = {}
    for (method, labels), over in sorted(by_cell.items(), key=lambda item: rising(item[0][1])):
        if len(over) == len(boards) and all(row.complete for row in over):
            rows.setdefault(method, {})[labels] = over
        else:
            left_out.setdefault(method, []).append(labels)
    lines = [Line(method, protocol.headline, over) for method, over in rows.items()]
    return Summary(
        condition=boards[0].condition,
        targets=tuple(board.target for board in boards),
        lines=tuple(sorted(lines, key=_best_first)),
        left_out=dict(sorted(left_out.items())),
    )


def rising(labels: Labels) -> float:
    """Return a sort key of label budgets: "all" comes last."""
    return float("inf") if labels == "all" else labels


def _best_first(line: Line) -> tuple[bool, float, float, str]:
    mean = line.scores[line.largest].mean
    return (line.bound, -rising(line.largest), -mean, line.method)
