"""Pages of details: recalls, confusions and calibration of a table's rows."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from xlser.corpora import get_corpus
from xlser.leaderboards.formatting import (
    DASH,
    METRICS,
    SEES_ALL,
    columns,
    method_column,
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
    file_name,
)
from xlser.metrics import Counts
from xlser.protocols import Protocol
from xlser.results import Results, Row, Table
from xlser.results.answers import recall_percent
from xlser.results.statistics import BINS, calibration_error


def details_name(table: Table) -> str:
    """Return the name of a table's page and picture, without suffix."""
    return file_name(f"{table.target}-{table.condition.slug}")


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
                Link(f"All tables of {protocol.name}", "../README.md"),
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
            Section(f"{labels} labels", _budget(protocol, list(rows)))
            for labels, rows in groupby(table.rows, key=lambda row: row.labels)
        ],
        root="../",
    )


def _picture(protocol: Protocol, table: Table, panels: dict[tuple[str, str], Counts]) -> Picture:
    from xlser.leaderboards.figures.confusions import confusions

    heading = f"{table.target.capitalize()}: {table.condition.title}"
    return Picture(
        f"confusions-{details_name(table)}",
        "Confusion matrices of the best row of each label budget and of the upper "
        "bound, in percent of the utterances of each class; counts in the tables below.",
        confusions(panels, protocol.classes, heading),
    )


def _shown_confusions(protocol: Protocol, table: Table) -> dict[tuple[str, str], Counts]:
    """Return the confusions of the best ranked row of each budget and of the upper bound."""
    upper = protocol.presentation.bounds.upper
    chosen: dict[str, Row] = {}
    for row in table.rows:
        if row.ranked or (row.complete and row.bound and row.method == upper):
            chosen.setdefault(f"{row.labels} labels", row)
    return {(row.method, budget): row.answers.confusion for budget, row in chosen.items()}


def _about(protocol: Protocol, table: Table) -> str:
    speech = max((row.answers.speech for row in table.rows), key=lambda speech: len(speech.ids))
    names = ", ".join(speaker.partition("/")[2] for speaker in speech.speakers)
    chance = 100 / len(protocol.classes)
    return (
        f"The answers of all seeds are pooled: {len(speech.ids)} to {len(set(speech.ids))} "
        f"utterances of {len(speech.speakers)} speakers ({names}). A class' column is its recall, "
        "percent. ECE is the expected calibration error of the probabilities, percent, in "
        f"{BINS} bins of equal width (Guo et al. 2017). The commonest confusion is the largest "
        "share of a class that is taken for another. The interval is that of "
        f"{METRICS[protocol.headline].removesuffix(' %')}, over speakers. Guessing gives "
        f"{chance:.1f} % of both figures, always answering the most frequent class {chance:.1f} % "
        f"UA and {table.majority:.1f} % accuracy."
    )


def _budget(protocol: Protocol, rows: Sequence[Row]) -> list[Block]:
    """Return the table of a label budget and, folded, the confusions of its rows."""
    headline, other = sorted(METRICS, key=lambda name: name != protocol.headline)
    recalls = [recall_percent(row.answers) for row in rows]
    cells: dict[str, Sequence[str]] = {
        METRICS[headline]: [show(row.scores["target", headline]) for row in rows],
        "95 % interval": [show_interval(row.resampled.estimate) for row in rows],
        METRICS[other]: [show(row.scores["target", other]) for row in rows],
    }
    for i, emotion in enumerate(protocol.classes):
        cells[emotion] = [DASH if (of := each[i]) is None else f"{of:.1f}" for each in recalls]
    cells["ECE %"] = [f"{calibration_error(row.answers):.1f}" for row in rows]
    cells["commonest confusion"] = [_commonest_confusion(row, protocol.classes) for row in rows]
    cells["seeds"] = [show_seeds(row) for row in rows]
    table = TableModel([method_column(rows), *columns(cells, ["commonest confusion"])])
    folded = Details("Confusions, utterances", [_confusions(rows, protocol.classes)])
    notes = [Paragraph(SEES_ALL)] if any(row.bound for row in rows) else []
    return [*notes, table, folded]


def _commonest_confusion(row: Row, classes: Sequence[str]) -> str:
    counts = row.answers.confusion
    wrong = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(wrong, 0)
    true, taken_for = divmod(int(wrong.argmax()), len(classes))
    share = wrong[true, taken_for]
    return f"{classes[true]} → {classes[taken_for]}, {100 * share:.0f} %" if share else DASH


def _confusions(rows: Sequence[Row], classes: Sequence[str]) -> TableModel:
    """Return the confusions of all rows as one table."""
    counts = [line for row in rows for line in row.answers.confusion.tolist()]
    return TableModel(
        [
            Column("method", [row.method for row in rows for _ in classes], "left"),
            Column("spoken", [*classes] * len(rows), "left"),
            *(
                Column(f"as {emotion}", [str(line[i]) for line in counts])
                for i, emotion in enumerate(classes)
            ),
        ],
        padded=False,
    )
