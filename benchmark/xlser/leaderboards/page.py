"""The page of a protocol: means over targets, then a table for each target and label budget."""

from collections.abc import Collection, Sequence
from itertools import groupby
from math import isinf

from xlser.corpora import get_corpus
from xlser.leaderboards.cost import cost_blocks
from xlser.leaderboards.details import details_name
from xlser.leaderboards.formatting import (
    BELOW,
    DASH,
    SEES_ALL,
    SIGNIFICANT,
    columns,
    method_column,
    metric_title,
    show,
    show_differences,
    show_interval,
    show_seeds,
    show_with_interval,
)
from xlser.leaderboards.model import (
    Block,
    Column,
    Inline,
    Link,
    Page,
    Paragraph,
    Picture,
    Section,
    TableModel,
    file_name,
)
from xlser.leaderboards.plugins import page_plugins
from xlser.leaderboards.rendering import page_as_markdown
from xlser.leaderboards.sections.encoders import Encoders
from xlser.leaderboards.sections.gains import gains_of_summary
from xlser.leaderboards.sections.introduction import introduction
from xlser.leaderboards.sections.standing import (
    NOT_ONE,
    show_ranks,
    standing_in_words,
    standings_table,
)
from xlser.metrics import Metric, get_metric
from xlser.protocols import Labels, Protocol, is_registered
from xlser.results import (
    LEVEL,
    Budgets,
    Line,
    Results,
    Row,
    Standing,
    Summary,
    Table,
    adjusted_ps,
    competition_ranks,
)

_DRAWN = 30  # methods in a picture: more are hard to tell apart and take seconds to draw


def protocol_page(
    results: Results,
    added: Sequence[Section] = (),
    metrics: Collection[str] = (),
    encoders: Encoders | None = None,
    docs: bool = False,
) -> Page:
    """Return the page of a protocol.

    Args:
        results: of the protocol.
        added: sections of plugins (`added_sections`).
        metrics: names of those shown beside UA and accuracy.
        encoders: what the encoders of the records were trained on; None: not shown.
        docs: whether the suite's `docs` lie beside the folder of leaderboards, to be linked to.

    Raises:
        UnknownNameError: no such metric.
    """
    above = _means_over_targets(results, encoders) if results.protocol.ranks else []
    above = [*above, *added]
    return _page(results, above, results.tables(), metrics, encoders, docs)


def render(results: Results, targets: Collection[str] | None = None) -> str:
    """Return the tables of all targets or of the given ones as a page without pictures."""
    shown = [t for t in results.tables() if targets is None or t.target in targets]
    return page_as_markdown(_page(results, [], shown))


def target_sections(
    results: Results,
    tables: Sequence[Table],
    metrics: Collection[str] = (),
    links: bool = True,
    encoders: Encoders | None = None,
) -> list[Section]:
    """Return a section for each target, of tables by condition and label budget.

    Args:
        results: of the protocol.
        tables: those shown.
        metrics: names of those shown beside UA and accuracy.
        links: whether there are pages of details to link to.
        encoders: by which rows are flagged whose encoder was trained on a corpus of theirs.

    Raises:
        UnknownNameError: no such metric.
    """
    protocol = results.protocol
    names = dict.fromkeys([protocol.headline, "ua", "accuracy", *metrics])
    shown = [get_metric(name, protocol.classes) for name in names]
    sections = []
    for target, group in groupby(tables, key=lambda table: table.target):
        titles = ", ".join(get_corpus(name).title for name in protocol.languages[target])
        conditions = [_condition_section(results, t, shown, links, encoders) for t in group]
        sections.append(Section(f"{target.capitalize()} ({titles})", sections=conditions))
    return sections


def _page(
    results: Results,
    above: Sequence[Section],
    tables: Sequence[Table],
    metrics: Collection[str] = (),
    encoders: Encoders | None = None,
    docs: bool = False,
) -> Page:
    sections = [*above, *target_sections(results, tables, metrics, encoders=encoders)]
    blocks = introduction(results, docs)
    notes = [Paragraph(str(n)) for n in results.notes if n.kind != "missing seeds"]
    notes += [
        Paragraph(f"left out: {path.name}; `xlser validate` names the reason.")
        for path, _ in results.left_out
    ]
    if notes:
        sections.append(Section("Notes", notes))
    if tables:
        targets = {table.target for table in tables}
        runs = {
            title: frame[frame["target"].isin(targets)]
            for title, frame in results.runs_by_condition.items()
        }
        if encoders:
            sections.append(encoders.section({table.condition for table in tables}))
        sections.append(Section("Cost", cost_blocks(runs)))
    else:
        blocks.append(Paragraph("No records yet."))
    name = results.protocol.name
    title = name if is_registered(results.protocol) else f"{name} (a protocol of one's own)"
    return Page(title, blocks, sections)


def _headline(protocol: Protocol) -> Metric:
    return get_metric(protocol.headline, protocol.classes)


def _means_over_targets(results: Results, encoders: Encoders | None) -> list[Section]:
    summaries = results.summaries()
    sections = [_summary_section(results.protocol, summary, encoders) for summary in summaries]
    return [Section("Mean over target languages", sections=sections)] if sections else []


def _summary_section(protocol: Protocol, summary: Summary, encoders: Encoders | None) -> Section:
    # Imported where pictures are drawn: matplotlib takes seconds to load, and a run needs none.
    from xlser.leaderboards.figures.summary import summary_dots

    metric = metric_title(_headline(protocol))
    reference = protocol.presentation.reference
    drawn = summary.best(_DRAWN)
    notes = [SEES_ALL] if any(line.bound for line in summary.lines) else []
    if len(drawn.lines) < len(summary.lines):
        notes.append(f"The picture shows {len(drawn.lines)} of {len(summary.lines)} methods.")
    if summary.left_out:
        notes.append(f"Left out, because targets or seeds are missing: {_left_out(summary)}.")
    blocks: list[Block] = [
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
        *gains_of_summary(summary, _titles(summary), _headline(protocol)),
    ]
    if notes:
        blocks.append(Paragraph(" ".join(notes)))
    return Section(summary.condition.title, blocks)


def _titles(summary: Summary) -> dict[Budgets, str]:
    """Return the columns of means over targets, that of the headline first."""
    headline: list[Budgets] = [summary.headline] if summary.headline else []
    budgets = [labels for labels in summary.budgets if labels != "all"]
    return {labels: _budgets(labels) for labels in (*headline, *budgets)}


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
    named = _budgets(summary.headline)
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
        shown.append(Column(_budgets(labels), _summary_column(lines, labels, first, standing)))
        if standing:
            standings[_budgets(labels)] = standing
    blocks: list[Block] = [TableModel(shown)]
    if standings:
        blocks += [
            Paragraph("What these columns can find, in points, with 80 % power:"),
            standings_table(standings, reference if first else None),
        ]
        if not any(standing.separable for standing in standings.values()):
            blocks.append(Paragraph(NOT_ONE))
    return blocks


def _budgets(labels: Budgets) -> str:
    """Return label budgets in words: "25 labels", "25, 50, 100 labels"."""
    several = labels if isinstance(labels, tuple) else (labels,)
    return f"{', '.join(map(str, several))} labels"


def _summary_column(
    shown: Sequence[Line], labels: Budgets, reference: Line | None, standing: Standing | None
) -> list[str]:
    lines = [line for line in shown if line.has(labels)]
    cells = {line.method: _summary_cell(line, labels) for line in lines}
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


def _summary_cell(line: Line, labels: Budgets) -> str:
    return show_with_interval(line.score(labels), line.estimate(labels), digits=0)


def _condition_section(
    results: Results,
    table: Table,
    metrics: Sequence[Metric],
    links: bool,
    encoders: Encoders | None,
) -> Section:
    """Return a table a label budget; rows that train on all labels stand at the foot of each."""
    majority = f"Always predicting the most frequent class: {table.majority:.1f} % accuracy."
    notes = [majority, SEES_ALL] if any(row.bound for row in table.rows) else [majority]
    text: tuple[Inline, ...] = (" ".join(notes),)
    if links:
        details = Link("Classes, confusions and calibration", f"details/{details_name(table)}.md")
        text = (*text, " ", details, ".")
    budgets = dict.fromkeys(row.labels for row in table.rows if not row.bound) or {"all": None}
    rows: dict[Labels, list[Row]] = {
        k: [r for r in table.rows if r.bound or r.labels == k] for k in budgets
    }
    return Section(
        table.condition.title,
        [*(encoders.flags(table.condition, table.target) if encoders else []), Paragraph(text)],
        [
            Section(f"{labels} labels", _of_budget(results, table, labels, shown, metrics))
            for labels, shown in rows.items()
        ],
    )


def _of_budget(
    results: Results, table: Table, labels: Labels, rows: Sequence[Row], metrics: Sequence[Metric]
) -> list[Block]:
    """Return the table of a label budget, and which differences it can find."""
    protocol = results.protocol
    name = protocol.presentation.reference
    standing = table.standing(labels, name)
    blocks: list[Block] = [_table(results, table, rows, metrics, standing)]
    if standing and (protocol.ranks or not isinf(standing.named) or standing.too_few):
        reference = name if table.reference(name, rows) else None
        blocks.append(standing_in_words(standing, reference, protocol.ranks))
    return blocks


def _table(
    results: Results,
    table: Table,
    rows: Sequence[Row],
    metrics: Sequence[Metric],
    standing: Standing | None,
) -> TableModel:
    protocol = results.protocol
    source = protocol.source_title
    headline, *others = metrics
    first = {"rank": _ranks(table, rows, standing)} if protocol.ranks else {}
    cells: dict[str, Sequence[str]] = {
        metric_title(headline): [show(row.scores["target", headline.name]) for row in rows],
        "95 % interval": [show_interval(row.resampled.estimate) for row in rows],
        **_against_reference(protocol, table, rows),
    }
    for metric in others:
        cells[metric_title(metric)] = [show(row.scores["target", metric.name]) for row in rows]
    for metric in metrics:
        if ("source", metric.name) in rows[0].scores:
            scores = [row.scores["source", metric.name] for row in rows]
            cells[f"{source} {metric_title(metric)}"] = [show(score) for score in scores]
    cells["seeds"] = [show_seeds(row) for row in rows]
    if any(row.marks for row in rows):
        cells["note"] = ["; ".join(row.marks) for row in rows]
    added = [
        column
        for plugin in page_plugins(protocol.name)
        for column in plugin.columns(results, table, rows)
    ]
    return TableModel([*columns(first), method_column(rows), *columns(cells, ["note"]), *added])


def _ranks(table: Table, rows: Sequence[Row], standing: Standing | None) -> list[str]:
    """Return the rank of each row that may have one, marked where it is separably below."""
    ranked = [row for row in rows if row.ranked]
    scores = [row.scores["target", table.metric.name].mean for row in ranked]
    ranks = iter(competition_ranks(scores, table.metric.higher_is_better))
    return [next(ranks) + show_ranks(standing, row.method) if row.ranked else DASH for row in rows]


def _against_reference(
    protocol: Protocol, table: Table, rows: Sequence[Row]
) -> dict[str, Sequence[str]]:
    """Return a column of differences from the reference method, of the rows comparable to it."""
    name = protocol.presentation.reference
    reference = table.reference(name, rows)
    if reference is None:
        return {}
    compared = [row is not reference and row.is_comparable(reference) for row in rows]
    differences = [
        row.resampled.minus(reference.resampled)
        for row, beside in zip(rows, compared, strict=True)
        if beside
    ]
    cells = iter(show_differences(differences))
    return {f"vs {name}": [next(cells) if beside else DASH for beside in compared]}
