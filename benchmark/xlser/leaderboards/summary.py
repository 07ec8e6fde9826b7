"""Means over target languages: who is best overall."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from xlser.leaderboards.board import Figure, Row, Setting, Table
from xlser.leaderboards.cells import competition_ranks, markdown_table, show
from xlser.protocols import Labels, Protocol


@dataclass(frozen=True)
class Line:
    """A method, over targets.

    Attributes:
        method: as rows name it.
        figures: mean over targets of the headline figure, by label budget, in rising order.
    """

    method: str
    figures: Mapping[Labels, Figure]

    @property
    def bound(self) -> bool:
        """Whether it sees all target labels, and so has no rank."""
        return "all" in self.figures


@dataclass(frozen=True)
class Summary:
    """The methods of one setting, over its targets.

    Attributes:
        setting: what they have in common.
        targets: languages averaged over.
        lines: best first at the largest budget, then those that lack it, then the bounds.
        left_out: label budgets at which a method lacks targets or seeds.
    """

    setting: Setting
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
        present = {labels for line in self.lines for labels in line.figures}
        return tuple(sorted(present, key=_rising))

    def best(self, count: int) -> "Summary":
        """Return the summary of the first `count` methods that may have a rank, and the bounds."""
        ranked = [line for line in self.lines if not line.bound]
        bounds = [line for line in self.lines if line.bound]
        return replace(self, lines=(*ranked[:count], *bounds))


def summaries(protocol: Protocol, boards: Iterable[Table]) -> list[Summary]:
    """Summarise each setting that has several targets and a method complete over them."""
    by_setting: dict[Setting, list[Table]] = {}
    for board in boards:
        by_setting.setdefault(board.setting, []).append(board)
    several = [group for _, group in sorted(by_setting.items()) if len(group) > 1]
    return [summary for group in several if (summary := _summary(protocol, group)).lines]


def summary_table(summary: Summary) -> str:
    """Return the means over targets as Markdown, with a rank within each budget."""
    columns = {"method": [f"{x.method} †" if x.bound else x.method for x in summary.lines]}
    for labels in summary.budgets:
        columns[f"{labels} labels"] = _column(summary, labels)
    return markdown_table(columns, ["method"])


def _column(summary: Summary, labels: Labels) -> list[str]:
    figures = {x.method: x.figures[labels] for x in summary.lines if labels in x.figures}
    cells = {method: show(figure) for method, figure in figures.items()}
    if labels != "all":
        ranks = competition_ranks([figure.mean for figure in figures.values()])
        cells = {m: f"{cell} ({r})" for (m, cell), r in zip(cells.items(), ranks, strict=True)}
    return [cells.get(line.method, "") for line in summary.lines]


def _summary(protocol: Protocol, boards: Sequence[Table]) -> Summary:
    rows: dict[tuple[str, Labels], list[Row]] = {}
    for board in boards:
        for row in board.rows:
            rows.setdefault((row.method, row.labels), []).append(row)
    figures: dict[str, dict[Labels, Figure]] = {}
    left_out: dict[str, list[Labels]] = {}
    for (method, labels), over in sorted(rows.items(), key=lambda item: _rising(item[0][1])):
        if len(over) == len(boards) and all(row.complete for row in over):
            headline = (row.figures["target", protocol.headline] for row in over)
            figures.setdefault(method, {})[labels] = Figure.average(headline)
        else:
            left_out.setdefault(method, []).append(labels)
    return Summary(
        setting=boards[0].setting,
        targets=tuple(board.target for board in boards),
        lines=tuple(sorted((Line(*item) for item in figures.items()), key=_best_first)),
        left_out=dict(sorted(left_out.items())),
    )


def _rising(labels: Labels) -> float:
    return float("inf") if labels == "all" else labels


def _best_first(line: Line) -> tuple[bool, float, float, str]:
    largest = max(line.figures, key=_rising)
    return (line.bound, -_rising(largest), -line.figures[largest].mean, line.method)
