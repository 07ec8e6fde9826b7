"""The pages of target languages: a table for each condition and label budget."""

from collections.abc import Collection, Sequence
from itertools import groupby
from math import isinf

from xlser.corpora import get_corpus
from xlser.leaderboards.formatting import (
    DASH,
    columns,
    footnotes,
    method_column,
    metric_title,
    show,
    show_compared,
    show_interval,
    show_seeds,
)
from xlser.leaderboards.model import (
    Block,
    Code,
    Inline,
    Link,
    Page,
    Paragraph,
    Section,
    TableModel,
)
from xlser.leaderboards.plugins import page_plugins
from xlser.leaderboards.sections.encoders import Encoders
from xlser.leaderboards.sections.standing import show_ranks, standing_in_words
from xlser.metrics import Metric, get_metric
from xlser.protocols import Labels, Protocol
from xlser.results import Results, Row, Standing, Table, competition_ranks
from xlser.site.pages.paths import details_path


def language_title(protocol: Protocol, target: str) -> str:
    """Return a target language and its corpora: "German (EMO-DB)"."""
    titles = ", ".join(get_corpus(name).title for name in protocol.languages[target])
    return f"{target.capitalize()} ({titles})"


def language_page(
    results: Results,
    target: str,
    metrics: Collection[str] = (),
    encoders: Encoders | None = None,
) -> Page:
    """Return the page of a target language.

    Args:
        results: of the protocol.
        target: language that has records.
        metrics: names of those shown beside UA and accuracy.
        encoders: by which rows are flagged whose encoder was trained on a corpus of theirs.

    Raises:
        UnknownNameError: no such metric.
    """
    protocol = results.protocol
    tables = [table for table in results.tables() if table.target == target]
    (section,) = target_sections(results, tables, metrics, "../", encoders)
    back = Paragraph(
        (
            Link(f"All of {protocol.name}", "../README.md"),
            ", and how to read these tables. Written by ",
            Code(f"xlser leaderboard {protocol.name}"),
            ".",
        )
    )
    title = f"{language_title(protocol, target)} under {protocol.name}"
    return Page(title, [back], section.sections, root="../")


def target_sections(
    results: Results,
    tables: Sequence[Table],
    metrics: Collection[str] = (),
    root: str | None = None,
    encoders: Encoders | None = None,
) -> list[Section]:
    """Return a section for each target, of tables by condition and label budget.

    Args:
        results: of the protocol.
        tables: those shown.
        metrics: names of those shown beside UA and accuracy.
        root: path from the page to the folder of the leaderboard, for links to pages of details;
            None for no links.
        encoders: by which rows are flagged whose encoder was trained on a corpus of theirs.

    Raises:
        UnknownNameError: no such metric.
    """
    protocol = results.protocol
    names = dict.fromkeys([protocol.headline, "ua", "accuracy", *metrics])
    shown = [get_metric(name, protocol.classes) for name in names]
    sections = []
    for target, group in groupby(tables, key=lambda table: table.target):
        conditions = [_condition_section(results, t, shown, root, encoders) for t in group]
        sections.append(Section(language_title(protocol, target), sections=conditions))
    return sections


def _condition_section(
    results: Results,
    table: Table,
    metrics: Sequence[Metric],
    root: str | None,
    encoders: Encoders | None,
) -> Section:
    """Return a table a label budget; rows that train on all labels stand at the foot of each."""
    majority = f"Always predicting the most frequent class: {table.majority:.1f} % accuracy."
    notes = [majority, *footnotes(table.rows)]
    text: tuple[Inline, ...] = (" ".join(notes),)
    if root is not None:
        details = Link("Classes, confusions and calibration", f"{root}{details_path(table)}")
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
    blocks: list[Block] = [_table(results, table, labels, rows, metrics)]
    if standing and (protocol.ranks or not isinf(standing.named) or standing.too_few):
        reference = name if table.reference(name, rows) else None
        blocks.append(standing_in_words(standing, reference, protocol.ranks))
    return blocks


def _table(
    results: Results,
    table: Table,
    labels: Labels,
    rows: Sequence[Row],
    metrics: Sequence[Metric],
) -> TableModel:
    protocol = results.protocol
    source, reference = protocol.source_title, protocol.presentation.reference
    headline, *others = metrics
    standing = table.standing(labels, reference)
    first = {"rank": _ranks(table, rows, standing)} if protocol.ranks else {}
    cells: dict[str, Sequence[str]] = {
        metric_title(headline): [show(row.scores["target", headline.name]) for row in rows],
        "95 % interval": [show_interval(row.resampled.estimate) for row in rows],
        **_against(reference, table, labels, rows),
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


def _against(
    reference: str | None, table: Table, labels: Labels, rows: Sequence[Row]
) -> dict[str, Sequence[str]]:
    """Return a column of differences from the reference method, of the rows comparable to it."""
    if table.reference(reference, rows) is None:
        return {}
    against = table.against(labels, reference)
    return {
        f"vs {reference}": [
            show_compared(*against[row]) if row in against else DASH for row in rows
        ]
    }
