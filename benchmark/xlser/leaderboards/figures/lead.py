"""Pictures of how far methods are above a reference, or above their twins."""

from collections.abc import Iterable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from xlser.leaderboards.figures.canvas import (
    COLOURS,
    DARK,
    LIGHT,
    add_legend,
    name_rows,
    picture,
)
from xlser.results import LEVEL, Difference, Gain, adjusted_ps


def leads(differences: Mapping[str, Difference], heading: str, axis: str) -> bytes:
    """Draw one row per method: its difference from the reference, with the 95 % interval.

    Args:
        differences: by method, in the order of the rows.
        heading: above all: what the picture shows.
        axis: title of the axis.
    """
    ps = adjusted_ps([*differences.values()])

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        of_rows = zip(differences.values(), ps, strict=True)
        _draw_rows(axes, ((y, d, p <= LEVEL) for y, (d, p) in enumerate(of_rows)))
        name_rows(axes, [*differences])
        axes.set_xlabel(axis)
        _add_key(canvas)

    return picture(draw, heading, height=1.3 + 0.2 * len(differences))


def gains(
    columns: Mapping[str, Mapping[str, Gain]], methods: Sequence[str], heading: str, axis: str
) -> bytes:
    """Draw one row per method and a panel per column: its gain, with the 95 % interval.

    Args:
        columns: gains by method, by title of the column.
        methods: in the order of the rows.
        heading: above all: what the picture shows.
        axis: title of the axes.
    """
    rows = [method for method in methods if any(method in of for of in columns.values())]

    def draw(canvas: Canvas) -> None:
        for axes, (title, of) in zip(
            canvas.subplots(1, len(columns), sharex=True, sharey=True, squeeze=False)[0],
            columns.items(),
            strict=True,
        ):
            found = ((y, of[method]) for y, method in enumerate(rows) if method in of)
            _draw_rows(axes, ((y, gain.difference, gain.separable) for y, gain in found))
            name_rows(axes, rows)
            axes.set_title(title)
            axes.set_xlabel(axis)
        _add_key(canvas)

    return picture(draw, heading, height=1.5 + 0.2 * len(rows))


def _draw_rows(axes: Axes, rows: Iterable[tuple[int, Difference, bool]]) -> None:
    """Draw differences and their intervals.

    Args:
        axes: to draw on.
        rows: place, difference and whether it is separable from 0.
    """
    for y, difference, separable in rows:
        side = COLOURS[1] if difference.value > 0 else COLOURS[3]
        colour = side if separable else LIGHT
        if difference.interval:
            axes.hlines(y, *difference.interval, color=colour, linewidth=1.6)
        axes.plot(difference.value, y, "o", color=colour, markersize=5)
    axes.axvline(0, color=DARK, linewidth=0.8)


def _add_key(canvas: Canvas) -> None:
    names = {
        "separably above": COLOURS[1],
        "separably below": COLOURS[3],
        "not separable": LIGHT,
    }
    legend = [
        Line2D([], [], color=colour, marker="o", markersize=5, label=name)
        for name, colour in names.items()
    ]
    add_legend(canvas, legend, columns=3)
