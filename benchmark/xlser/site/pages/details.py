"""Pages of details: recalls, confusions and calibration of a table's rows."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np

from xlser.corpora import get_corpus
from xlser.leaderboards.formatting import (
    DASH,
    columns,
    footnotes,
    method_column,
    metric_title,
    show,
    show_interval,
    show_seeds,
)
from xlser.leaderboards.model import (
    Block,
    Column,
    Details,
    Link,
    Page,
    Paragraph,
    Picture,
    Section,
    TableModel,
)
from xlser.leaderboards.sections.gains import gains_of_table
from xlser.leaderboards.sections.unlabelled import unlabelled_blocks
from xlser.metrics import Counts, Metric
from xlser.metrics.calibration import BINS
from xlser.protocols import Protocol
from xlser.results import Results, Row, Table
from xlser.site.pages.paths import details_name, language_path


def details_page(results: Results, table: Table, drawn: bool) -> Page:
    """Return a table's page of details.

    Args:
        results: of the protocol.
        table: one of its tables.
        drawn: whether confusions are drawn as well.
    """
    protocol = results.protocol
    corpora = ", ".join(get_corpus(name).title for name in protocol.languages[table.target])
    blocks: list[Block] = [
        Paragraph(
            (
                f"{table.condition.title}. ",
                Link("All tables of this language", f"../{language_path(table.target)}"),
                ". ",
                Link(f"All of {protocol.name}", "../README.md"),
                ".",
            )
        ),
        Paragraph(_about(protocol, table)),
    ]
    if drawn and (panels := _shown_confusions(protocol, table)):
        blocks.append(_picture(protocol, table, panels))
    return Page(
        f"{table.target.capitalize()} ({corpora}) under {protocol.name}",
        blocks,
        [
            Section(f"{labels} labels", _budget(results, table, list(rows)))
            for labels, rows in groupby(table.rows, key=lambda row: row.labels)
        ],
        root="../",
    )


def _picture(protocol: Protocol, table: Table, panels: Mapping[tuple[str, str], Counts]) -> Picture:
    # Imported where pictures are drawn: matplotlib takes seconds to load.
    from xlser.leaderboards.figures.confusions import confusions

    heading = f"{table.target.capitalize()}: {table.condition.title}"
    return Picture(
        f"confusions-{details_name(table)}",
        "Confusion matrices of the best row of each label budget and of the upper bound, in "
        "percent of the utterances of each class; the tables below have the counts.",
        confusions(panels, protocol.classes, heading),
    )


def _shown_confusions(protocol: Protocol, table: Table) -> dict[tuple[str, str], Counts]:
    """Return the confusions of the best ranked row of each budget and of the upper bound."""
    upper = protocol.presentation.bounds.upper
    chosen: dict[str, Row] = {}
    for row in table.rows:
        if row.ranked or (row.complete and row.bound and row.name == upper):
            chosen.setdefault(f"{row.labels} labels", row)
    return {(row.method, budget): row.predictions.confusion for budget, row in chosen.items()}


def _about(protocol: Protocol, table: Table) -> str:
    tested = max(
        (row.predictions.utterances for row in table.rows), key=lambda tested: len(tested.ids)
    )
    names = ", ".join(speaker.partition("/")[2] for speaker in tested.speakers)
    chance = 100 / len(protocol.classes)
    return (
        f"Predictions of all seeds are pooled: {len(tested.ids)} for {len(set(tested.ids))} "
        f"utterances of {len(tested.speakers)} speakers ({names}). The column of a class is its "
        "recall, percent. ECE is the expected calibration error of the probabilities, percent, "
        f"with {BINS} bins of equal width (Guo et al. 2017). The most common confusion is the "
        "largest share of a class that is predicted as another. The interval is that of "
        f"{table.metric.title}, over speakers. Guessing gives {chance:.1f} % UA and accuracy; "
        f"always predicting the most frequent class gives {chance:.1f} % UA and "
        f"{table.majority:.1f} % accuracy."
    )


def _budget(results: Results, table: Table, rows: Sequence[Row]) -> list[Block]:
    """Return the table of a label budget and, folded, the confusions of its rows."""
    classes = results.protocol.classes
    headline, *others = _shown_metrics(results)
    recalls = [row.predictions.recalls for row in rows]
    cells: dict[str, Sequence[str]] = {
        metric_title(headline): [show(row.scores["target", headline.name]) for row in rows],
        "95 % interval": [show_interval(row.resampled.estimate) for row in rows],
    }
    for metric in others:
        cells[metric_title(metric)] = [show(row.scores["target", metric.name]) for row in rows]
    for i, emotion in enumerate(classes):
        cells[emotion] = [DASH if (of := each[i]) is None else f"{of:.1f}" for each in recalls]
    ece = results.metrics["ece"]
    cells["ECE %"] = [f"{row.predictions.pooled(ece):.1f}" for row in rows]
    cells["most common confusion"] = [_most_common_confusion(row, classes) for row in rows]
    cells["seeds"] = [show_seeds(row) for row in rows]
    shown = TableModel([method_column(rows), *columns(cells, ["most common confusion"])])
    folded = Details("Confusions: number of utterances", [_confusions(rows, classes)])
    notes = map(Paragraph, footnotes(rows))
    return [*notes, shown, *gains_of_table(table, rows[0].labels), *unlabelled_blocks(rows), folded]


def _shown_metrics(results: Results) -> list[Metric]:
    """Return the headline, UA, accuracy and all others but recalls and ECE, which are pooled."""
    pooled = {f"recall-{emotion}" for emotion in results.protocol.classes} | {"ece"}
    others = sorted(results.metrics, key=lambda name: results.metrics[name].needs_probabilities)
    names = dict.fromkeys([results.protocol.headline, "ua", "accuracy", *others])
    return [results.metrics[name] for name in names if name not in pooled]


def _most_common_confusion(row: Row, classes: Sequence[str]) -> str:
    counts = row.predictions.confusion
    wrong = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(wrong, 0)
    true, predicted = divmod(int(wrong.argmax()), len(classes))
    share = wrong[true, predicted]
    return f"{classes[true]} → {classes[predicted]}, {100 * share:.0f} %" if share else DASH


def _confusions(rows: Sequence[Row], classes: Sequence[str]) -> TableModel:
    """Return the confusions of all rows as one table."""
    counts = [line for row in rows for line in row.predictions.confusion.tolist()]
    return TableModel(
        [
            Column("method", [row.method for row in rows for _ in classes], "left"),
            Column("true class", [*classes] * len(rows), "left"),
            *(
                Column(f"as {emotion}", [str(line[i]) for line in counts])
                for i, emotion in enumerate(classes)
            ),
        ],
        padded=False,
    )
