"""A canvas for pictures: the same results give the same bytes.

Colours are those of Okabe and Ito (2008), which colour-blind readers tell apart.
"""

from collections.abc import Callable, Sequence
from io import BytesIO
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas

from xlser.leaderboards.model import plain

COLOURS = ("#56B4E9", "#009E73", "#E69F00", "#D55E00", "#CC79A7", "#0072B2", "#F0E442")
MARKERS = "os^DvPX"
DARK = "#202020"
LIGHT = "#a0a0a0"
CHANCE: dict[str, Any] = {"color": DARK, "linestyle": "--", "linewidth": 1, "label": "chance"}
_STYLE = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "font.sans-serif": ["DejaVu Sans", "Verdana"],  # each text of an SVG names all of them
    "font.size": 9.0,
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text: small files that can be searched
    "svg.hashsalt": "xlser",
    "text.parse_math": False,  # a "$" in a method's name is a "$"
}
_WIDTH = 8.0  # inches: about 800 px where a page shows it
_HEADING = 110  # characters of a line of the heading
_LONGEST = 60  # characters of a name: longer ones leave no space for the picture


def picture(draw: Callable[[Canvas], None], heading: str, height: float) -> bytes:
    """Return a picture as SVG, free of dates and versions.

    Args:
        draw: draws on the canvas.
        heading: above all.
        height: inches.
    """
    with style.context(_STYLE, after_reset=True):
        canvas = Canvas(figsize=(_WIDTH, height), layout="constrained")
        canvas.suptitle(fill(plain(heading), _HEADING), x=0.01, ha="left", fontsize="medium")
        draw(canvas)
        _round_limits(canvas)
        svg = BytesIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        # `savefig` would draw all twice, first to lay it out: drawing lays out as well.
        write: Callable[..., None] = FigureCanvasSVG(canvas).print_svg
        write(svg, metadata=nothing)
    return svg.getvalue()


def add_legend(canvas: Canvas, handles: Sequence[Artist], columns: int) -> None:
    """Add a legend below the picture."""
    canvas.legend(handles=handles, loc="outside lower center", ncols=columns)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Give each row of a picture its name, the first on top."""
    axes.set_yticks(range(len(names)), [label(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="x", color=LIGHT, linewidth=0.4)
    axes.set_axisbelow(True)


def label(name: str) -> str:
    """Return a name from a record as a picture shows it: in one line, not too long."""
    return plain(name, _LONGEST)


def _round_limits(canvas: Canvas) -> None:
    """Round the limits of all axes, which follow what is drawn to its last bit.

    That bit is the linear algebra library's, and the layout and names within the file follow it.
    """
    for axes in canvas.axes:
        axes.set_xlim(*np.round(axes.get_xlim(), 6))
        axes.set_ylim(*np.round(axes.get_ylim(), 6))
