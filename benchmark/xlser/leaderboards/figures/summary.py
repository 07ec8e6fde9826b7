"""Pictures of means over target languages."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from xlser.leaderboards.figures.canvas import (
    CHANCE,
    COLOURS,
    DARK,
    LIGHT,
    MARKERS,
    add_legend,
    label,
    name_rows,
    picture,
)
from xlser.protocols import Labels
from xlser.results import Line, Summary


def summary_dots(summary: Summary, metric: str, chance: float, heading: str = "") -> bytes:
    """Draw one row per method, best on top, and in it one dot per label budget.

    A line shows the 95 % interval of the largest budget.

    Args:
        summary: means over target languages.
        metric: title of the metric averaged, for the axis.
        chance: its value for guessing, percent.
        heading: above all; default: the condition.
    """
    looks = dict(zip(summary.budgets, cycle(zip(COLOURS, MARKERS, strict=True)), strict=False))
    looks |= {"all": (DARK, "*")} if "all" in looks else {}

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        for y, line in enumerate(summary.lines):
            _draw_dots(axes, y, line, looks)
        _frame_methods(axes, summary.lines, chance)
        axes.set_xlabel(f"{metric}, mean over {summary.languages}")
        dots = [
            Line2D([], [], linestyle="", marker=marker, color=colour, label=f"{labels} labels")
            for labels, (colour, marker) in looks.items()
        ]
        interval = Line2D([], [], color=LIGHT, linewidth=0.8, label="95 % interval")
        add_legend(canvas, [*dots, interval, Line2D([], [], **CHANCE)], columns=4)

    height = 1.2 + 0.22 * len(summary.lines)
    return picture(draw, heading or summary.condition.title, height)


def condition_moves(summary: Summary, other: Summary, metric: str, chance: float) -> bytes:
    """Draw one row per method, and in it its mean under one condition and under another.

    Only the smallest and the largest label budget and "all" are drawn.

    Args:
        summary: of the condition drawn as a dot; its order is that of the rows.
        other: of the condition drawn as a ring.
        metric: title of the metric averaged, for the axis.
        chance: its value for guessing, percent.
    """
    before = {line.method: line for line in other.lines}
    lines = [line for line in summary.lines if line.method in before]
    numbers: list[Labels] = [labels for labels in summary.budgets if labels != "all"]
    shown = dict.fromkeys(numbers[:1], COLOURS[0]) | dict.fromkeys(numbers[1:][-1:], COLOURS[3])
    shown["all"] = DARK

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        for y, line in enumerate(lines):
            for labels in line.scores.keys() & before[line.method].scores.keys() & shown.keys():
                left, right = before[line.method].scores[labels].mean, line.scores[labels].mean
                axes.hlines(y, left, right, color=shown[labels], linewidth=1.5)
                dot: dict[str, Any] = {"color": shown[labels], "markersize": 6}
                axes.plot(left, y, "o", **dot, markerfacecolor="white")
                axes.plot(right, y, "o", **dot)
        _frame_methods(axes, lines, chance)
        axes.set_xlabel(f"{metric}, mean over {summary.languages}")
        filled: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": 6}
        legend = [
            Line2D([], [], color=colour, label=f"{labels} labels", **filled)
            for labels, colour in shown.items()
            if labels in summary.budgets
        ]
        legend += [
            Line2D([], [], color=LIGHT, markerfacecolor="white", label=_backbone(other), **filled),
            Line2D([], [], color=LIGHT, label=_backbone(summary), **filled),
            Line2D([], [], **CHANCE),
        ]
        add_legend(canvas, legend, columns=3)

    return picture(draw, summary.condition.title, height=1.2 + 0.22 * len(lines))


def _backbone(summary: Summary) -> str:
    return label(f"{summary.condition.track}, {summary.condition.backbone}")


def _draw_dots(axes: Axes, y: int, line: Line, looks: Mapping[Labels, tuple[str, str]]) -> None:
    means = {labels: score.mean for labels, score in line.scores.items()}
    if interval := line.estimate(line.largest).interval:
        axes.hlines(y, *interval, color=looks[line.largest][0], linewidth=0.8)
    for labels, mean in means.items():
        colour, marker = looks[labels]
        axes.plot(mean, y, marker, color=colour, markersize=7, zorder=3)


def _frame_methods(axes: Axes, lines: Sequence[Line], chance: float) -> None:
    name_rows(axes, [line.method for line in lines])
    axes.axvline(chance, **CHANCE)
