"""The page of a protocol: what was found, and where the tables are."""

from collections.abc import Collection, Sequence

from xlser.leaderboards.cost import cost_blocks
from xlser.leaderboards.formatting import (
    DASH,
    SIGNIFICANT,
    columns,
    footnotes,
    method_column,
    metric_title,
    show_differences,
    show_interval,
)
from xlser.leaderboards.model import (
    Block,
    Column,
    Details,
    Inline,
    Link,
    Page,
    Paragraph,
    Picture,
    Section,
    TableModel,
    Text,
    file_name,
)
from xlser.leaderboards.rendering import page_as_markdown
from xlser.leaderboards.sections.encoders import Encoders
from xlser.leaderboards.sections.finding import Finding, found, limits
from xlser.leaderboards.sections.introduction import how_to_read, introduction
from xlser.metrics import get_metric
from xlser.protocols import Labels, Protocol, is_registered
from xlser.results import Line, Results, Summary, Table, budgets_in_words
from xlser.results.summary import rising
from xlser.site.pages.conditions import DRAWN, summary_cell, summary_column
from xlser.site.pages.languages import language_title, target_sections
from xlser.site.pages.paths import condition_path, language_path


def protocol_page(
    results: Results,
    added: Sequence[Section] = (),
    metrics: Collection[str] = (),
    encoders: Encoders | None = None,
    docs: bool = False,
    html: str | None = None,
) -> Page:
    """Return the page of a protocol.

    Args:
        results: of the protocol.
        added: sections of plugins (`added_sections`).
        metrics: names of those that the tables of a single language show beside UA and accuracy.
        encoders: what the encoders of the records were trained on; None: not shown.
        docs: whether the suite's `docs` lie beside the folder of leaderboards, to be linked to.
        html: name of the HTML page beside this one; None for none.

    Raises:
        UnknownNameError: no such metric.
    """
    protocol, tables, summaries = results.protocol, results.tables(), results.summaries()
    main = max(summaries, key=lambda summary: len(summary.lines), default=None)
    several = protocol.ranks and len(summaries) > 1
    sections = [
        *([_headline(protocol, main)] if main and protocol.ranks else []),
        *([_conditions(protocol, summaries)] if several else []),
        *([] if protocol.ranks else added),
        *([_means(protocol, main)] if main and not protocol.ranks else []),
        *_languages(results, tables, main, metrics, encoders),
        *([_limits(results, main)] if tables and protocol.ranks else []),
        *(added if protocol.ranks else []),
        *([encoders.section({t.condition for t in tables})] if encoders and tables else []),
        *_notes(results),
        *([Section("Cost", cost_blocks(results.runs_by_condition))] if tables else []),
    ]
    blocks = [*introduction(results), *_contents(sections, html)]
    blocks.append(Details("How to read the tables", how_to_read(protocol, docs)))
    if not tables:
        blocks.append(Paragraph("No records yet."))
    return Page(_title(protocol), blocks, sections)


def render(results: Results, targets: Collection[str] | None = None) -> str:
    """Return the tables of all targets or of the given ones as a page without pictures."""
    tables = [t for t in results.tables() if targets is None or t.target in targets]
    shown = {table.target for table in tables}
    runs = {
        title: frame[frame["target"].isin(shown)]
        for title, frame in results.runs_by_condition.items()
    }
    sections = [
        *target_sections(results, tables),
        *_notes(results),
        *([Section("Cost", cost_blocks(runs))] if tables else []),
    ]
    nothing = [] if tables else [Paragraph("No records yet.")]
    blocks = [*introduction(results), *how_to_read(results.protocol, docs=False), *nothing]
    return page_as_markdown(Page(_title(results.protocol), blocks, sections))


def _title(protocol: Protocol) -> str:
    own = "" if is_registered(protocol) else " (a protocol of one's own)"
    return protocol.name + own


def _contents(sections: Sequence[Section], html: str | None) -> list[Block]:
    """Return links to the sections, and to the page that sorts and filters."""
    links: list[Inline] = []
    for section in sections:
        title = str(section.title)
        anchor = "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c in "-_")
        links += [Link(title, f"#{anchor}"), " · "]
    if html:
        links += [Link("a page to sort, filter and compare", html), " (open it in a browser)", ""]
    return [Paragraph(("Contents: ", *links[:-1]))] if links else []


def _headline(protocol: Protocol, summary: Summary) -> Section:
    """Return the picture and the table of the condition with most methods."""
    metric = get_metric(protocol.headline, protocol.classes)
    of = found(summary, protocol.presentation.reference)
    blocks: list[Block] = [
        Paragraph(f"{of.sentence} Condition: {summary.condition.title}."),
        _picture(protocol, summary, of),
        Paragraph(
            f"Mean {metric_title(metric)} over {summary.languages} ± standard deviation over "
            "seeds [95 % interval over speakers] (rank, and in brackets those that it may have)."
        ),
        _headline_table(summary, of, protocol.presentation.reference),
        Paragraph(
            (
                *(f"{note} " for note in footnotes(summary.lines)),
                "Each label budget, what each column can find, and gains from unlabelled speech: ",
                Link(summary.condition.title, condition_path(summary.condition)),
                ".",
            )
        ),
    ]
    return Section(f"Mean over {len(summary.targets)} target languages", blocks)


def _means(protocol: Protocol, summary: Summary) -> Section:
    """Return the means of the condition with most methods, under a protocol that ranks none."""
    metric = metric_title(get_metric(protocol.headline, protocol.classes))
    about = (
        f"Mean {metric} over {summary.languages} ± standard deviation over seeds [95 % interval "
        f"over speakers]. Condition: {summary.condition.title}."
    )
    shown = [
        Column(
            budgets_in_words(labels),
            [summary_cell(line, labels) if line.has(labels) else "" for line in summary.lines],
        )
        for labels in summary.budgets
    ]
    notes = map(Paragraph, footnotes(summary.lines))
    title = f"Mean over {len(summary.targets)} target languages"
    table = TableModel([method_column(summary.lines), *shown])
    return Section(title, [Paragraph(about), table, *notes])


def _picture(protocol: Protocol, summary: Summary, of: Finding) -> Picture:
    # Imported where pictures are drawn: matplotlib takes seconds to load, and a run needs none.
    from xlser.leaderboards.figures.lead import leads
    from xlser.leaderboards.figures.summary import summary_dots

    metric = get_metric(protocol.headline, protocol.classes).title
    name = file_name(f"headline-{summary.condition.slug}")
    if of.reference and of.differences:
        shown = dict(list(of.differences.items())[:DRAWN])
        return Picture(
            name,
            f"{of.sentence} One row a method: its difference from {of.reference.method} with the "
            "95 % interval; the table has the numbers.",
            leads(shown, of.sentence, f"{metric} above {of.reference.method}, points"),
        )
    chance = 100 / len(protocol.classes)
    return Picture(
        name,
        f"{of.sentence} One row a method: its mean {metric} at each label budget.",
        summary_dots(summary.best(DRAWN), f"{metric} %", chance, of.sentence),
    )


def _headline_table(summary: Summary, of: Finding, reference: str | None) -> TableModel:
    """Return one row per method: headline, distance from the reference, the other extremes."""
    lines = summary.lines
    shown: list[Column] = [method_column(lines)]
    standing = summary.standing(of.labels, reference)
    cells = summary_column(lines, of.labels, None, standing)
    shown.append(Column(budgets_in_words(of.labels), cells))
    if of.reference:
        against = dict(
            zip(of.differences, show_differences([*of.differences.values()]), strict=True)
        )
        title = f"vs {of.reference.method} ({SIGNIFICANT} separable)"
        shown.append(Column(title, [against.get(line.method, "") for line in lines]))
    budgets = [k for k in (summary.budgets[0], "all") if k in summary.budgets and k != of.labels]
    for labels in budgets:
        standing = None if labels == "all" else summary.standing(labels, reference)
        shown.append(
            Column(budgets_in_words(labels), summary_column(lines, labels, None, standing))
        )
    return TableModel(shown)


def _conditions(protocol: Protocol, summaries: Sequence[Summary]) -> Section:
    """Return one row per condition: its page, its first method, and the reference there."""
    reference = protocol.presentation.reference
    of = [found(summary, reference) for summary in summaries]
    cells: dict[str, Sequence[Text]] = {
        "condition": [Link(s.condition.title, condition_path(s.condition)) for s in summaries],
        "methods": [str(len(s.lines)) for s in summaries],
        "highest": [each.first.method if each.first else DASH for each in of],
        "mean": [_mean(each.first, each) for each in of],
        **({str(reference): [_mean(each.reference, each) for each in of]} if reference else {}),
    }
    metric = metric_title(get_metric(protocol.headline, protocol.classes))
    about = (
        f"{metric}, mean over languages at {budgets_in_words(of[0].labels)}. Conditions with other "
        "source speech are no contest: ranks hold within one."
    )
    return Section("Conditions", [Paragraph(about), TableModel(columns(cells, ["condition"]))])


def _mean(line: Line | None, of: Finding) -> str:
    if line is None or not line.has(of.labels):
        return DASH
    return f"{line.score(of.labels).mean:.1f} {show_interval(line.estimate(of.labels))}"


def _languages(
    results: Results,
    tables: Sequence[Table],
    main: Summary | None,
    metrics: Collection[str],
    encoders: Encoders | None,
) -> list[Section]:
    """Return one row per target language: its page, and the highest rows of the main condition.

    Of a single language the tables themselves.
    """
    protocol = results.protocol
    targets = list(dict.fromkeys(table.target for table in tables))
    if len(targets) < 2:
        return target_sections(results, tables, metrics, "", encoders)
    of = {t: [table for table in tables if table.target == t] for t in targets}
    cells: dict[str, Sequence[Text]] = {
        "language": [Link(language_title(protocol, t), language_path(t)) for t in targets],
        "test speakers": [str(_speakers(of[t])) for t in targets],
        "rows": [str(sum(len(table.rows) for table in of[t])) for t in targets],
    }
    if protocol.ranks:
        shown = {
            t: next((x for x in of[t] if main and x.condition == main.condition), of[t][0])
            for t in targets
        }
        budgets = sorted({r.labels for x in shown.values() for r in x.rows if r.ranked}, key=rising)
        for labels in dict.fromkeys([*budgets[:1], *budgets[-1:]]):
            cells[f"highest at {labels} labels"] = [_highest(shown[t], labels) for t in targets]
    return [Section("Languages", [TableModel(columns(cells, ["language"]))])]


def _speakers(tables: Sequence[Table]) -> int:
    return max(len(row.predictions.utterances.speakers) for t in tables for row in t.rows)


def _highest(table: Table, labels: Labels) -> str:
    first = next((row for row in table.rows if row.ranked and row.labels == labels), None)
    if first is None:
        return DASH
    mean = first.scores["target", table.metric.name].mean
    return f"{first.method} {mean:.1f} {show_interval(first.resampled.estimate)}"


def _limits(results: Results, main: Summary | None) -> Section:
    return Section("What these records cannot show", [Paragraph(s) for s in limits(results, main)])


def _notes(results: Results) -> list[Section]:
    notes = [Paragraph(str(n)) for n in results.notes if n.kind != "missing seeds"]
    notes += [
        Paragraph(f"left out: {path.name}; `xlser validate` names the reason.")
        for path, _ in results.left_out
    ]
    return [Section("Notes", notes)] if notes else []
