"""Means over target languages as Markdown."""

from xlser.leaderboards.cells import markdown_table, show_with_interval
from xlser.protocols import Labels
from xlser.results import Line, Summary, competition_ranks, rank_groups


def summary_table(summary: Summary) -> str:
    """Return the means over targets as Markdown, with rank and group within each budget."""
    columns = {"method": [f"{x.method} †" if x.bound else x.method for x in summary.lines]}
    for labels in summary.budgets:
        columns[f"{labels} labels"] = _column(summary, labels)
    return markdown_table(columns, ["method"])


def _column(summary: Summary, labels: Labels) -> list[str]:
    lines = [line for line in summary.lines if labels in line.rows]
    cells = {x.method: _cell(x, labels) for x in lines}
    if labels != "all":
        lines.sort(key=lambda line: -line.scores[labels].mean)
        ranks = competition_ranks([line.scores[labels].mean for line in lines])
        groups = rank_groups(lines, lambda a, b: a.minus(b, labels))
        for line, rank, group in zip(lines, ranks, groups, strict=True):
            cells[line.method] += f" ({rank}, group {group})"
    return [cells.get(line.method, "") for line in summary.lines]


def _cell(line: Line, labels: Labels) -> str:
    return show_with_interval(line.scores[labels], line.estimate(labels), digits=0)
