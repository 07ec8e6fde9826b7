"""The page of a protocol: means over targets, then a table for each target and label budget."""

from collections.abc import Collection, Sequence
from itertools import groupby

from xlser.corpora import get_corpus
from xlser.leaderboards.cost import cost_blocks
from xlser.leaderboards.details import details_name
from xlser.leaderboards.formatting import (
    DASH,
    METRICS,
    SEES_ALL,
    SIGNIFICANT,
    columns,
    method_column,
    show,
    show_differences,
    show_interval,
    show_seeds,
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
    Section,
    TableModel,
)
from xlser.leaderboards.plugins import ResultsOf, page_plugins
from xlser.leaderboards.rendering import page_as_markdown
from xlser.protocols import Labels, Protocol
from xlser.results import Results, Row, Table
from xlser.results.ranking import competition_ranks
from xlser.results.spent import Spent
from xlser.results.statistics import rank_groups
from xlser.results.summary import Line, Summary

_DRAWN = 30  # methods in a picture: more are hard to tell apart and take seconds to draw


def protocol_page(results: Results, results_of: ResultsOf) -> Page:
    """Return the page of a protocol.

    Args:
        results: of the protocol.
        results_of: gives the results of another protocol, for plugins.
    """
    above = _means_over_targets(results) if results.protocol.ranks else []
    for plugin in page_plugins(results.protocol.name):
        above += plugin.sections(results, results_of)
    return _page(results, above, results.tables())


def render(results: Results, targets: Collection[str] | None = None) -> str:
    """Return the tables of all targets or of the given ones as a page without pictures."""
    shown = [t for t in results.tables() if targets is None or t.target in targets]
    return page_as_markdown(_page(results, [], shown))


def target_sections(results: Results, tables: Sequence[Table]) -> list[Section]:
    """Return a section for each target, of tables by condition and label budget."""
    languages = results.protocol.languages
    sections = []
    for target, group in groupby(tables, key=lambda table: table.target):
        titles = ", ".join(get_corpus(name).title for name in languages[target])
        conditions = [_condition_section(results, table) for table in group]
        sections.append(Section(f"{target.capitalize()} ({titles})", sections=conditions))
    return sections


def _page(results: Results, above: Sequence[Section], tables: Sequence[Table]) -> Page:
    protocol = results.protocol
    sections = [*above, *target_sections(results, tables)]
    blocks = _introduction(results)
    if tables:
        spent: dict[str, list[Spent]] = {}
        for table in tables:
            spent.setdefault(table.condition.title, []).extend(table.spent)
        sections.append(Section("Cost", cost_blocks(spent)))
    else:
        blocks.append(Paragraph("No records yet."))
    return Page(protocol.name, blocks, sections)


def _introduction(results: Results) -> list[Block]:
    protocol = results.protocol
    blocks: list[Block] = [
        Paragraph(protocol.about),
        Paragraph(
            (
                f"Protocol version {protocol.version}, digest ",
                Code(protocol.digest[:16]),
                "; written by ",
                Code(f"xlser leaderboard {protocol.name}"),
                " from the records in ",
                Code("results/"),
                ". Figures are percent. UA is the mean of the per-class recalls, accuracy the "
                "share of utterances recognised. "
                f"Chance is {100 / len(protocol.classes):.1f} %.",
            )
        ),
        _about_uncertainty(protocol),
        _about_ranks(protocol),
    ]
    for plugin in page_plugins(protocol.name):
        blocks += plugin.introduction(results)
    return blocks


def _about_uncertainty(protocol: Protocol) -> Paragraph:
    headline = _headline(protocol)
    reference = protocol.presentation.reference or ""
    return Paragraph(
        (
            f"Behind ± stands the seed spread: the standard deviation over seeds "
            f"({', '.join(map(str, protocol.seeds))}), which train anew and, where the protocol "
            f"rotates them, test other speakers. The 95 % interval of {headline} on the target "
            "language tells how far it may be from that of all speakers of the kind tested: "
            "speakers are resampled, one tested under several seeds as one. vs SFT is by how much "
            f"{headline} is above that of ",
            Code(reference),
            " at the same label budget, the same speakers "
            f"resampled for both, with the interval of that difference; {SIGNIFICANT} marks what "
            "is separable at 5 % over all differences of the column (Holm). ",
            Link("How it is computed, and what it cannot say", "../../docs/statistics.md"),
            ".",
        )
    )


def _about_ranks(protocol: Protocol) -> Paragraph:
    if not protocol.ranks:
        return Paragraph(
            "This protocol ranks nothing: rows stand in order, best first within a label budget."
        )
    return Paragraph(
        f"Ranks go by {_headline(protocol)} on the target language, among the rows of one table; "
        "figures that print the same share a rank (2=). Group 1 is the row ranked first and all "
        "that are not separable from it at 5 % (Holm's correction, over all pairs); group 2 the "
        "same among the rest, and so on: within a group, ranks are no evidence. Rows that see all "
        "target labels or lack seeds have neither rank nor group. Where a heading says partial "
        "source or excluded, ranks hold among rows of that very table only, never against those "
        "of complete ones."
    )


def _headline(protocol: Protocol) -> str:
    return METRICS[protocol.headline].removesuffix(" %")


def _means_over_targets(results: Results) -> list[Section]:
    sections = [_summary_section(results.protocol, summary) for summary in results.summaries()]
    return [Section("Mean over target languages", sections=sections)] if sections else []


def _summary_section(protocol: Protocol, summary: Summary) -> Section:
    # Imported where pictures are drawn: matplotlib takes seconds to load, and a run needs none.
    from xlser.leaderboards.figures.summary import summary_dots

    metric = METRICS[protocol.headline]
    drawn = summary.best(_DRAWN)
    notes = [SEES_ALL] if any(line.bound for line in summary.lines) else []
    if len(drawn.lines) < len(summary.lines):
        notes.append(f"The picture shows {len(drawn.lines)} of {len(summary.lines)} methods.")
    if summary.left_out:
        notes.append(f"Left out, for lack of targets or seeds: {_left_out(summary)}.")
    blocks: list[Block] = [
        Paragraph(
            f"Mean {metric} over {summary.languages}, ± standard deviation over seeds of that "
            "mean, [its 95 % interval over speakers], (rank and group within the label budget)."
        ),
        Picture(
            f"summary-{summary.condition.slug}",
            f"A row of dots a method: its mean {metric} at each label budget, a line through "
            "that of the largest, its 95 % interval; numbers in the table.",
            summary_dots(drawn, metric, 100 / len(protocol.classes)),
        ),
        _summary_table(summary),
    ]
    if notes:
        blocks.append(Paragraph(" ".join(notes)))
    return Section(summary.condition.title, blocks)


def _left_out(summary: Summary) -> str:
    each = (f"{m} ({', '.join(map(str, ks))} labels)" for m, ks in summary.left_out.items())
    return ", ".join(each)


def _summary_table(summary: Summary) -> TableModel:
    """Return the means over targets, with rank and group within each label budget."""
    of_budgets = [
        Column(f"{labels} labels", _summary_column(summary, labels)) for labels in summary.budgets
    ]
    return TableModel([method_column(summary.lines), *of_budgets])


def _summary_column(summary: Summary, labels: Labels) -> list[str]:
    lines = [line for line in summary.lines if labels in line.rows]
    cells = {line.method: _summary_cell(line, labels) for line in lines}
    if labels != "all":
        lines.sort(key=lambda line: -line.scores[labels].mean)
        ranks = competition_ranks([line.scores[labels].mean for line in lines])
        groups = rank_groups(lines, lambda a, b: a.minus(b, labels))
        for line, rank, group in zip(lines, ranks, groups, strict=True):
            cells[line.method] += f" ({rank}, group {group})"
    return [cells.get(line.method, "") for line in summary.lines]


def _summary_cell(line: Line, labels: Labels) -> str:
    return show_with_interval(line.scores[labels], line.estimate(labels), digits=0)


def _condition_section(results: Results, table: Table) -> Section:
    """Return a table a label budget; rows that see all labels stand at the foot of each."""
    notes = [f"Always answering the most frequent class: {table.majority:.1f} % accuracy. "]
    if any(row.bound for row in table.rows):
        notes.append(f"{SEES_ALL} ")
    details = Link("Classes, confusions and calibration", f"details/{details_name(table)}.md")
    budgets = dict.fromkeys(row.labels for row in table.rows if not row.bound) or ["all"]
    return Section(
        table.condition.title,
        [Paragraph(("".join(notes), details, "."))],
        [
            Section(
                f"{labels} labels",
                [_table(results, table, [r for r in table.rows if r.bound or r.labels == labels])],
            )
            for labels in budgets
        ],
    )


def _table(results: Results, table: Table, rows: Sequence[Row]) -> TableModel:
    protocol = results.protocol
    source = protocol.source.capitalize()
    headline, other = sorted(METRICS, key=lambda name: name != protocol.headline)
    first = _ranks(protocol, rows) if protocol.ranks else {}
    cells: dict[str, Sequence[str]] = {
        METRICS[headline]: [show(row.scores["target", headline]) for row in rows],
        "95 % interval": [show_interval(row.resampled.estimate) for row in rows],
        **_against_reference(protocol, rows),
        METRICS[other]: [show(row.scores["target", other]) for row in rows],
    }
    for name in (headline, other):
        cells[f"{source} {METRICS[name]}"] = [show(row.scores["source", name]) for row in rows]
    cells["seeds"] = [show_seeds(row) for row in rows]
    added = [
        column
        for plugin in page_plugins(protocol.name)
        for column in plugin.columns(results, table, rows)
    ]
    return TableModel([*columns(first), method_column(rows), *columns(cells), *added])


def _ranks(protocol: Protocol, rows: Sequence[Row]) -> dict[str, Sequence[str]]:
    """Return rank and group of each row that may have one."""
    ranked = [row for row in rows if row.ranked]
    scores = [row.scores["target", protocol.headline].mean for row in ranked]
    groups = rank_groups(ranked, lambda a, b: a.resampled.minus(b.resampled))
    ranks, numbers = iter(competition_ranks(scores)), map(str, groups)
    return {
        "rank": [next(ranks) if row.ranked else DASH for row in rows],
        "group": [next(numbers) if row.ranked else DASH for row in rows],
    }


def _against_reference(protocol: Protocol, rows: Sequence[Row]) -> dict[str, Sequence[str]]:
    """Return a column of differences from the reference method, of rows over the same seeds."""
    name = protocol.presentation.reference
    reference = next((row for row in rows if row.method == name), None)
    if reference is None:
        return {}
    compared = [row is not reference and row.seeds == reference.seeds for row in rows]
    differences = [
        row.resampled.minus(reference.resampled)
        for row, beside in zip(rows, compared, strict=True)
        if beside
    ]
    cells = iter(show_differences(differences))
    return {"vs SFT": [next(cells) if beside else DASH for beside in compared]}
