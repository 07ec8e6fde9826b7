"""Pages of details: what a table's rows recognise of each class, and what they take it for."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from xlser.corpora import get_corpus
from xlser.leaderboards.cells import (
    DASH,
    FIGURES,
    SEES_ALL,
    markdown_table,
    show,
    show_interval,
    show_seeds,
)
from xlser.metrics import Counts, get_metric
from xlser.metrics.calibration import BINS
from xlser.protocols import Protocol
from xlser.results import Row, Table

_UPPER_BOUND = "upper-bound"


def details_name(board: Table) -> str:
    """Return the name of a table's page and picture, without suffix."""
    return f"{board.target}-{board.condition.slug}"


def details_page(protocol: Protocol, board: Table, picture: bool) -> str:
    """Return a table's page of details as Markdown.

    Args:
        protocol: of the table.
        board: the table.
        picture: whether there is one to show, named as the page is.
    """
    corpora = ", ".join(get_corpus(name).title for name in protocol.languages[board.target])
    sections = [
        f"# {board.target.capitalize()} ({corpora}) under {protocol.name}",
        f"{board.condition.title}. [All tables of {protocol.name}](../README.md).",
        _about(protocol, board),
    ]
    if picture:
        sections.append(
            "![Confusion matrices of the best row of each label budget and of the upper "
            "bound, in percent of the utterances of each class; counts in the tables below.]"
            f"(../figures/confusions-{details_name(board)}.svg)"
        )
    for labels, rows in groupby(board.rows, key=lambda row: row.labels):
        sections += [f"## {labels} labels", *_budget(protocol, list(rows))]
    return "\n\n".join(sections) + "\n"


def shown_confusions(board: Table) -> dict[str, Counts]:
    """Return the confusions of the best ranked row of each budget and of the upper bound."""
    chosen: dict[str, Row] = {}
    for row in board.rows:
        if row.ranked or (row.complete and row.method == _UPPER_BOUND):
            chosen.setdefault(f"{row.labels} labels", row)
    return {f"{row.method}\n{title}": row.predictions.confusion for title, row in chosen.items()}


def _about(protocol: Protocol, board: Table) -> str:
    speech = max(
        (row.predictions.utterances for row in board.rows), key=lambda speech: len(speech.ids)
    )
    names = ", ".join(speaker.partition("/")[2] for speaker in speech.speakers)
    chance = 100 / len(protocol.classes)
    return (
        f"The answers of all seeds are pooled: {len(speech.ids)} to {len(set(speech.ids))} "
        f"utterances of {len(speech.speakers)} speakers ({names}). A class' column is its recall, "
        "percent. ECE is the expected calibration error of the probabilities, percent, in "
        f"{BINS} bins of equal width (Guo et al. 2017). The commonest confusion is the largest "
        "share of a class that is taken for another. The interval is that of "
        f"{FIGURES[protocol.headline].removesuffix(' %')}, over speakers. Guessing gives "
        f"{chance:.1f} % of both figures, always answering the most frequent class {chance:.1f} % "
        f"UA and {board.majority:.1f} % accuracy."
    )


def _budget(protocol: Protocol, rows: Sequence[Row]) -> list[str]:
    """Return the table of a label budget and, folded, the confusions of its rows."""
    headline, other = sorted(FIGURES, key=lambda name: name != protocol.headline)
    ece = get_metric("ece", protocol.classes)
    recalls = [row.predictions.recalls for row in rows]
    columns = {
        "method": [f"{row.method} †" if row.bound else row.method for row in rows],
        FIGURES[headline]: [show(row.scores["target", headline]) for row in rows],
        "95 % interval": [show_interval(row.resampled.estimate) for row in rows],
        FIGURES[other]: [show(row.scores["target", other]) for row in rows],
    }
    for i, emotion in enumerate(protocol.classes):
        columns[emotion] = [DASH if of[i] is None else f"{of[i]:.1f}" for of in recalls]
    columns["ECE %"] = [f"{row.predictions.pooled(ece):.1f}" for row in rows]
    columns["commonest confusion"] = [_commonest_confusion(row, protocol.classes) for row in rows]
    columns["seeds"] = [show_seeds(row) for row in rows]
    notes = [SEES_ALL] if any(row.bound for row in rows) else []
    table = markdown_table(columns, ["method", "commonest confusion"])
    return [*notes, table, _folded_confusions(rows, protocol.classes)]


def _commonest_confusion(row: Row, classes: Sequence[str]) -> str:
    counts = row.predictions.confusion
    wrong = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(wrong, 0)
    true, taken_for = divmod(int(wrong.argmax()), len(classes))
    share = wrong[true, taken_for]
    return f"{classes[true]} → {classes[taken_for]}, {100 * share:.0f} %" if share else DASH


def _folded_confusions(rows: Sequence[Row], classes: Sequence[str]) -> str:
    """Return the confusions of all rows as one table, which a page shows on request.

    Its columns are not padded: a long leaderboard has thousands of lines of it.
    """
    lines = [
        _line("method", "spoken", *(f"as {emotion}" for emotion in classes)),
        _line(":--", ":--", *("--:" for _ in classes)),
    ]
    for row in rows:
        for emotion, counts in zip(classes, row.predictions.confusion.tolist(), strict=True):
            lines.append(_line(row.method, emotion, *counts))
    head = "<details><summary>Confusions, utterances</summary>"
    return "\n\n".join([head, "\n".join(lines), "</details>"])


def _line(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"
