"""Picture of how far methods are above a reference."""

from collections.abc import Mapping

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
from xlser.results import LEVEL, Difference, adjusted_ps


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
        for y, (difference, p) in enumerate(zip(differences.values(), ps, strict=True)):
            side = COLOURS[1] if difference.value > 0 else COLOURS[3]
            colour = side if p <= LEVEL else LIGHT
            if difference.interval:
                axes.hlines(y, *difference.interval, color=colour, linewidth=1.6)
            axes.plot(difference.value, y, "o", color=colour, markersize=5)
        name_rows(axes, [*differences])
        axes.axvline(0, color=DARK, linewidth=0.8)
        axes.set_xlabel(axis)
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

    return picture(draw, heading, height=1.3 + 0.2 * len(differences))
