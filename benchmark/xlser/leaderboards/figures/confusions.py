"""Pictures of confusion matrices."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from xlser.leaderboards.figures.canvas import DARK, label, picture
from xlser.metrics import Counts


def confusions(
    panels: Mapping[tuple[str, str], Counts], classes: Sequence[str], heading: str
) -> bytes:
    """Draw confusion matrices side by side, in percent of the utterances of each class.

    Args:
        panels: by method and what else the title states.
        classes: names, in the order of the matrices.
        heading: above all.
    """
    apart = len(classes) + 0.7
    middles = np.arange(len(classes)) + 0.5

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()  # one for all matrices: drawing an axes takes longest
        for i, ((method, below), counts) in enumerate(panels.items()):
            title = f"{label(method)}\n{below}"
            _draw_confusion(axes, i * apart, counts)
            axes.text(i * apart + len(classes) / 2, -0.2, title, ha="center", va="bottom")
        answered = np.concatenate([i * apart + middles for i in range(len(panels))])
        axes.set_xticks(answered, [*classes] * len(panels), rotation=90)
        axes.set_yticks(middles, classes)
        axes.set_xlim(0, max(len(panels), 3) * apart)
        axes.set_ylim(len(classes), 0)
        axes.set_xlabel("answered")
        axes.set_ylabel("spoken")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)

    return picture(draw, heading, height=3.0)


def _draw_confusion(axes: Axes, left: float, counts: Counts) -> None:
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    edges = np.arange(len(counts) + 1)
    axes.pcolormesh(left + edges, edges, shares, cmap="Blues", vmin=0, vmax=100)
    for (i, j), share in np.ndenumerate(shares):
        if share >= 0.5:  # else it is blank
            colour = "white" if share > 55 else DARK
            axes.text(
                left + j + 0.5,
                i + 0.5,
                f"{share:.0f}",
                color=colour,
                ha="center",
                va="center",
                in_layout=False,  # to look for room for all of them takes long
            )
