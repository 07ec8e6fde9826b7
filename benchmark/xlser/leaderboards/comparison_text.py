"""A comparison of two methods in words and tables, and as values for machines."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from xlser.leaderboards.cells import (
    DASH,
    markdown_table,
    show_interval,
    show_seeds,
    signed,
)
from xlser.protocols import Protocol
from xlser.results.comparison import Cell, Comparison, Mean, verdict
from xlser.results.statistics import Estimate


def in_words(protocol: Protocol, comparison: Comparison) -> str:
    """Return a comparison as Markdown, its sum in one sentence first."""
    a, b = comparison.a, comparison.b
    figure = f"{comparison.metric.title} %"
    sections = [
        overall(comparison),
        f"{figure} on the target language [95 % interval over speakers]; difference: {a} above "
        f"{b}, the same speakers resampled for both, with the interval of each by itself; p: of no "
        f"difference, adjusted for all {len(comparison.cells)} cells (Holm). Only {a}, only {b}: "
        "answers, over all seeds, that one alone got right.",
    ]
    for setting, group in groupby(comparison.cells, key=lambda cell: cell.condition):
        cells = list(group)
        means = [mean for mean in comparison.means if mean.condition == setting]
        sections += [f"## {setting.title}", _cells(comparison, cells)]
        if means:
            sections += ["Mean over targets:", _means(comparison, means)]
        sections += [
            f"Recall of each class, {a} above {b}, percent:",
            _recalls(protocol, cells),
        ]
    return "\n\n".join(sections) + "\n"


def overall(comparison: Comparison) -> str:
    """Return the sum of a comparison in one sentence."""
    a, b, cells = comparison.a, comparison.b, comparison.cells
    said = [verdict(cell.p, cell.difference, a, b) for cell in cells]
    above, below = said.count(f"{a} above {b}"), said.count(f"{b} above {a}")
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
        "setting": asdict(cell.condition),
        "target": cell.target,
        "labels": cell.labels,
        "seeds": cell.a.seeds,
        "a": _estimate_values(cell.a.resampled.estimate),
        "b": _estimate_values(cell.b.resampled.estimate),
        "difference": _estimate_values(cell.difference),
        "p": cell.p,
        "verdict": verdict(cell.p, cell.difference, a, b),
        "recall differences": cell.recalls,
        "answers": cell.utterances,
        "only a right": cell.only_a,
        "only b right": cell.only_b,
    }


def _mean_values(mean: Mean, a: str, b: str) -> dict[str, Any]:
    return {
        "setting": asdict(mean.condition),
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


def _cells(comparison: Comparison, cells: Sequence[Cell]) -> str:
    a, b = comparison.a, comparison.b
    columns = {
        "target": [cell.target for cell in cells],
        "labels": [str(cell.labels) for cell in cells],
        a: [_with_interval(cell.a.resampled.estimate) for cell in cells],
        b: [_with_interval(cell.b.resampled.estimate) for cell in cells],
        "difference": [_difference(cell.difference) for cell in cells],
        "p": [f"{cell.p:.3f}" for cell in cells],
        "verdict": [verdict(cell.p, cell.difference, a, b) for cell in cells],
        f"only {a}": [str(cell.only_a) for cell in cells],
        f"only {b}": [str(cell.only_b) for cell in cells],
        "of answers": [str(cell.utterances) for cell in cells],
        "seeds": [show_seeds(cell.a) for cell in cells],
    }
    return markdown_table(columns, ["target", "verdict"])


def _means(comparison: Comparison, means: Sequence[Mean]) -> str:
    a, b = comparison.a, comparison.b
    columns = {
        "targets": [", ".join(mean.targets) for mean in means],
        "labels": [str(mean.labels) for mean in means],
        a: [_with_interval(mean.a) for mean in means],
        b: [_with_interval(mean.b) for mean in means],
        "difference": [_difference(mean.difference) for mean in means],
        "p": [f"{mean.p:.3f}" for mean in means],
        "verdict": [verdict(mean.p, mean.difference, a, b) for mean in means],
    }
    return markdown_table(columns, ["targets", "verdict"])


def _recalls(protocol: Protocol, cells: Sequence[Cell]) -> str:
    columns = {
        "target": [cell.target for cell in cells],
        "labels": [str(cell.labels) for cell in cells],
    }
    for i, emotion in enumerate(protocol.classes):
        differences = [cell.recalls[i] for cell in cells]
        columns[emotion] = [DASH if d is None else signed(d) for d in differences]
    return markdown_table(columns, ["target"])


def _with_interval(estimate: Estimate) -> str:
    return f"{estimate.value:.1f} {show_interval(estimate)}"


def _difference(difference: Estimate) -> str:
    return f"{signed(difference.value)} {show_interval(difference)}"
