"""Gain from unlabelled speech: each method against itself without it."""

from collections.abc import Mapping, Sequence

from xlser.leaderboards.formatting import SIGNIFICANT, columns, show_difference
from xlser.leaderboards.model import Block, Paragraph, Picture, TableModel, file_name
from xlser.metrics import Metric
from xlser.protocols import Labels
from xlser.results import Budgets, Gain, Summary, Table

_ABOUT = (
    "is the difference from its twin, which draws the same labelled speech in the same batches and "
    f"does without the unlabelled, with its 95 % interval over speakers. {SIGNIFICANT}: separable "
    "from 0, adjusted over the column. Twins have no rank."
)

_PANELS = 2


def gains_of_summary(
    summary: Summary, titles: Mapping[Budgets, str], metric: Metric, name: str
) -> list[Block]:
    """Return what methods gain in the mean over targets; nothing where no twin was run.

    Args:
        summary: of a condition.
        titles: of the label budgets that have a column.
        metric: that is compared.
        name: of the picture's file.
    """
    gains = {title: summary.gains(labels) for labels, title in titles.items()}
    gains = {title: of_column for title, of_column in gains.items() if of_column}
    methods = [
        line.method for line in summary.lines if any(line.method in g for g in gains.values())
    ]
    if not methods:
        return []
    cells = {title: [_cell(of.get(method)) for method in methods] for title, of in gains.items()}
    return [
        Paragraph(_about(metric)),
        _picture(gains, methods, metric, name),
        TableModel(columns({"method": methods, **cells}, ["method"])),
    ]


def _picture(
    gains: Mapping[str, Mapping[str, Gain]], methods: Sequence[str], metric: Metric, name: str
) -> Picture:
    """Return a picture of the first columns: the headline and the smallest label budget."""
    # Imported where pictures are drawn: matplotlib takes seconds to load, and a run needs none.
    from xlser.leaderboards.figures import lead

    drawn = dict(list(gains.items())[:_PANELS])
    return Picture(
        file_name(name),
        f"One row a method: its gain from unlabelled speech, points of {metric.title}, with the "
        "95 % interval; the table has the numbers.",
        lead.gains(
            drawn, methods, "Gain from unlabelled speech", f"{metric.title} above its twin, points"
        ),
    )


def gains_of_table(table: Table, labels: Labels) -> list[Block]:
    """Return what methods gain on one target at a label budget; nothing where no twin was run."""
    if not (gains := table.gains(labels)):
        return []
    cells = {"gain": [_cell(gain) for gain in gains.values()]}
    shown = TableModel(columns({"method": [*gains], **cells}, ["method"]))
    return [Paragraph(_about(table.metric)), shown]


def _about(metric: Metric) -> str:
    return f"Gain from unlabelled speech, points of {metric.title}: what a method gains {_ABOUT}"


def _cell(gain: Gain | None) -> str:
    if gain is None:
        return ""
    return show_difference(gain.difference) + (f" {SIGNIFICANT}" if gain.separable else "")
