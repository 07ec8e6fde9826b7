"""Two methods compared, as a page and as values for machines."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from xlser.leaderboards.formatting import (
    DASH,
    columns,
    metric_title,
    show_difference,
    show_interval,
    show_seeds,
    signed,
)
from xlser.leaderboards.model import Block, Paragraph, Section, TableModel
from xlser.leaderboards.rendering import blocks_as_markdown, sections_as_markdown
from xlser.protocols import Protocol
from xlser.results import Comparison, Estimate, verdict
from xlser.results.comparison import Cell, Mean


def in_words(protocol: Protocol, comparison: Comparison) -> str:
    """Return a comparison as Markdown, its outcome in one sentence first."""
    a, b = comparison.a, comparison.b
    above: list[Block] = [
        Paragraph(overall(comparison)),
        Paragraph(
            f"{metric_title(comparison.metric)} on the target language [95 % interval over "
            f"speakers]; difference: {a} − {b}, the same speakers resampled for both; p: of no "
            "difference, by exchange of the two methods' answers speaker by speaker, adjusted for "
            f"all {len(comparison.cells)} cells. Only {a}, only {b}: utterances, over all seeds, "
            "that this method alone recognised."
        ),
    ]
    sections = []
    for condition, group in groupby(comparison.cells, key=lambda cell: cell.condition):
        cells = list(group)
        means = [mean for mean in comparison.means if mean.condition == condition]
        blocks: list[Block] = [_cells(comparison, cells)]
        if means:
            blocks += [Paragraph("Mean over targets:"), _means(comparison, means)]
        blocks += [
            Paragraph(f"Recall of each class, {a} above {b}, percent:"),
            _recalls(protocol, cells),
        ]
        sections.append(Section(condition.title, blocks))
    return f"{blocks_as_markdown(above)}\n\n{sections_as_markdown(sections)}"


def overall(comparison: Comparison) -> str:
    """Return the outcome of a comparison in one sentence."""
    a, b, cells = comparison.a, comparison.b, comparison.cells
    verdicts = [verdict(cell.p, cell.difference, a, b) for cell in cells]
    above, below = verdicts.count(f"{a} above {b}"), verdicts.count(f"{b} above {a}")
    if not above and not below:
        where = "the one cell" if len(cells) == 1 else f"any of {len(cells)} cells"
        return f"{a} and {b} are not separable in {where} that both have."
    return (
        f"{a} is above {b} in {above} of {len(cells)} cells and below in {below}; in "
        f"{len(cells) - above - below} they are not separable."
    )


def as_values(comparison: Comparison) -> dict[str, Any]:
    """Return all there is to a comparison, for JSON."""
    a, b = comparison.a, comparison.b
    return {
        "a": a,
        "b": b,
        "overall": overall(comparison),
        "cells": [_cell_values(cell, a, b) for cell in comparison.cells],
        "means": [_mean_values(mean, a, b) for mean in comparison.means],
    }


def _cell_values(cell: Cell, a: str, b: str) -> dict[str, Any]:
    return {
        "condition": asdict(cell.condition),
        "target": cell.target,
        "labels": cell.labels,
        "seeds": cell.a.seeds,
        "a": _estimate_values(cell.a.resampled.estimate),
        "b": _estimate_values(cell.b.resampled.estimate),
        "difference": _estimate_values(cell.difference),
        "p": cell.p,
        "verdict": verdict(cell.p, cell.difference, a, b),
        "recall differences": cell.recalls,
        "utterances": cell.utterances,
        "only a right": cell.only_a,
        "only b right": cell.only_b,
    }


def _mean_values(mean: Mean, a: str, b: str) -> dict[str, Any]:
    return {
        "condition": asdict(mean.condition),
        "targets": mean.targets,
        "labels": mean.labels,
        "a": _estimate_values(mean.a),
        "b": _estimate_values(mean.b),
        "difference": _estimate_values(mean.difference),
        "p": mean.p,
        "verdict": verdict(mean.p, mean.difference, a, b),
    }


def _estimate_values(estimate: Estimate) -> dict[str, Any]:
    return {
        "value": estimate.value,
        "standard error": estimate.error,
        "degrees of freedom": estimate.freedom,
        "interval": estimate.interval,
    }


def _cells(comparison: Comparison, cells: Sequence[Cell]) -> TableModel:
    a, b = comparison.a, comparison.b
    return TableModel(
        columns(
            {
                "target": [cell.target for cell in cells],
                "labels": [str(cell.labels) for cell in cells],
                a: [_with_interval(cell.a.resampled.estimate) for cell in cells],
                b: [_with_interval(cell.b.resampled.estimate) for cell in cells],
                "difference": [show_difference(cell.difference) for cell in cells],
                "p": [f"{cell.p:.3f}" for cell in cells],
                "verdict": [verdict(cell.p, cell.difference, a, b) for cell in cells],
                f"only {a}": [str(cell.only_a) for cell in cells],
                f"only {b}": [str(cell.only_b) for cell in cells],
                "utterances": [str(cell.utterances) for cell in cells],
                "seeds": [show_seeds(cell.a) for cell in cells],
            },
            left=["target", "verdict"],
        )
    )


def _means(comparison: Comparison, means: Sequence[Mean]) -> TableModel:
    a, b = comparison.a, comparison.b
    return TableModel(
        columns(
            {
                "targets": [", ".join(mean.targets) for mean in means],
                "labels": [str(mean.labels) for mean in means],
                a: [_with_interval(mean.a) for mean in means],
                b: [_with_interval(mean.b) for mean in means],
                "difference": [show_difference(mean.difference) for mean in means],
                "p": [f"{mean.p:.3f}" for mean in means],
                "verdict": [verdict(mean.p, mean.difference, a, b) for mean in means],
            },
            left=["targets", "verdict"],
        )
    )


def _recalls(protocol: Protocol, cells: Sequence[Cell]) -> TableModel:
    of_classes = {
        emotion: [DASH if (d := cell.recalls[i]) is None else signed(d) for cell in cells]
        for i, emotion in enumerate(protocol.classes)
    }
    return TableModel(
        columns(
            {
                "target": [cell.target for cell in cells],
                "labels": [str(cell.labels) for cell in cells],
                **of_classes,
            },
            left=["target"],
        )
    )


def _with_interval(estimate: Estimate) -> str:
    return f"{estimate.value:.1f} {show_interval(estimate)}"
