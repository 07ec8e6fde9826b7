"""The pages of conditions: means over target languages, and what each method gains."""

from collections.abc import Sequence

from xlser.leaderboards.formatting import (
    BELOW,
    SIGNIFICANT,
    footnotes,
    method_column,
    metric_title,
    show_with_interval,
)
from xlser.leaderboards.model import (
    Block,
    Code,
    Column,
    Link,
    Page,
    Paragraph,
    Picture,
    TableModel,
    file_name,
)
from xlser.leaderboards.sections.encoders import Encoders
from xlser.leaderboards.sections.gains import gains_of_summary
from xlser.leaderboards.sections.standing import NOT_ONE, show_ranks, standings_table
from xlser.metrics import get_metric
from xlser.protocols import Protocol
from xlser.results import (
    LEVEL,
    Budgets,
    Line,
    Standing,
    Summary,
    adjusted_ps,
    budgets_in_words,
    competition_ranks,
)

DRAWN = 40
"""Most methods in a picture: more are hard to read and take seconds to draw."""


def condition_page(protocol: Protocol, summary: Summary, encoders: Encoders | None = None) -> Page:
    """Return the page of a condition: all means over targets.

    Args:
        protocol: of the records.
        summary: of the condition.
        encoders: what the encoder was trained on.
    """
    # Imported where pictures are drawn: matplotlib takes seconds to load, and a run needs none.
    from xlser.leaderboards.figures.summary import summary_dots

    headline = get_metric(protocol.headline, protocol.classes)
    metric = metric_title(headline)
    reference = protocol.presentation.reference
    drawn = summary.best(DRAWN)
    notes = footnotes(summary.lines)
    if len(drawn.lines) < len(summary.lines):
        notes.append(f"The picture shows {len(drawn.lines)} of {len(summary.lines)} methods.")
    if summary.left_out:
        notes.append(f"Left out, because targets or seeds are missing: {_left_out(summary)}.")
    back: Block = Paragraph(
        (
            Link(f"All of {protocol.name}", "../README.md"),
            ", and how to read these tables. Written by ",
            Code(f"xlser leaderboard {protocol.name}"),
            ".",
        )
    )
    blocks: list[Block] = [
        back,
        *(encoders.flags(summary.condition) if encoders else []),
        Paragraph(
            f"Mean {metric} over {summary.languages}, ± standard deviation of that mean over "
            "seeds, [its 95 % interval over speakers], (rank within the label budget, and in "
            "brackets the ranks that it may have where any is ruled out)."
            f" {BELOW}: separably below the first of the column."
            + (f" {SIGNIFICANT}: separable from {reference}." if reference else "")
        ),
        Picture(
            file_name(f"summary-{summary.condition.slug}"),
            f"One row a method: its mean {metric} at each label budget as a dot, and the 95 % "
            "interval of the largest budget as a line; the table has the numbers.",
            summary_dots(drawn, metric, 100 / len(protocol.classes)),
        ),
        *_summary_tables(summary, reference),
        *gains_of_summary(summary, summary.titles, headline, f"gains-{summary.condition.slug}"),
    ]
    if notes:
        blocks.append(Paragraph(" ".join(notes)))
    return Page(f"{protocol.name}: {summary.condition.title}", blocks, root="../")


def _left_out(summary: Summary) -> str:
    each = (f"{m} ({', '.join(map(str, ks))} labels)" for m, ks in summary.left_out.items())
    return ", ".join(each)


def _summary_tables(summary: Summary, reference: str | None) -> list[Block]:
    """Return the means over targets, with the rank within each label budget.

    Budgets that a headline over several leaves out, those without labels as a rule, have a table
    of their own.
    """
    if not summary.headline:
        return _summary_table(summary, summary.budgets, reference)
    apart = [k for k in summary.budgets if k not in (*summary.headline, "all")]
    others = [k for k in summary.budgets if k not in apart]
    named = budgets_in_words(summary.headline)
    blocks: list[Block] = [
        Paragraph(f"Methods are ordered by the mean over {named}."),
        *_summary_table(summary, [summary.headline, *others], reference),
    ]
    for labels in apart:
        blocks.append(Paragraph(f"With {labels} labels:"))
        blocks += _summary_table(summary, [labels], reference)
    return blocks


def _summary_table(
    summary: Summary, budgets: Sequence[Budgets], reference: str | None
) -> list[Block]:
    """Return a table of means, and which differences its columns can find."""
    lines = [line for line in summary.lines if any(line.has(labels) for labels in budgets)]
    if len(budgets) == 1:
        sign = -1 if summary.lines[0].metric.higher_is_better else 1
        lines.sort(key=lambda line: sign * line.score(budgets[0]).mean)
    first = next((line for line in lines if line.method == reference), None)
    standings: dict[str, Standing] = {}
    shown = [method_column(lines)]
    for labels in budgets:
        standing = None if labels == "all" else summary.standing(labels, reference)
        shown.append(
            Column(budgets_in_words(labels), summary_column(lines, labels, first, standing))
        )
        if standing:
            standings[budgets_in_words(labels)] = standing
    blocks: list[Block] = [TableModel(shown)]
    if standings:
        blocks += [
            Paragraph("What these columns can find, in points, with 80 % power:"),
            standings_table(standings, reference if first else None),
        ]
        if not any(standing.separable for standing in standings.values()):
            blocks.append(Paragraph(NOT_ONE))
    return blocks


def summary_column(
    shown: Sequence[Line], labels: Budgets, reference: Line | None, standing: Standing | None
) -> list[str]:
    """Return the means of a column with ranks, marked where they are separable.

    Args:
        shown: methods, one per row; a cell is empty where one lacks the label budget.
        labels: budget, or several.
        reference: method that others are held against; None for none.
        standing: of the methods at that budget.
    """
    lines = [line for line in shown if line.has(labels)]
    cells = {line.method: summary_cell(line, labels) for line in lines}
    if labels != "all":
        means = [line.score(labels).mean for line in lines]
        ranks = competition_ranks(means, lines[0].metric.higher_is_better) if lines else []
        for line, rank in zip(lines, ranks, strict=True):
            cells[line.method] += f" ({rank}{show_ranks(standing, line.method, ')')}"
    if reference and reference.has(labels):
        others = [line for line in lines if line is not reference]
        ps = adjusted_ps([line.minus(reference, labels) for line in others])
        for line, p in zip(others, ps, strict=True):
            cells[line.method] += f" {SIGNIFICANT}" if p <= LEVEL else ""
    return [cells.get(line.method, "") for line in shown]


def summary_cell(line: Line, labels: Budgets) -> str:
    """Return a method's mean over targets with deviation and interval."""
    return show_with_interval(line.score(labels), line.estimate(labels), digits=0)
