"""Pictures of leaderboards: the same records give the same bytes.

Colours are those of Okabe and Ito (2008), which colour-blind readers tell apart.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from xlser.leaderboards.claims import Claim, Difference
from xlser.leaderboards.paper import BUDGETS, FIGURE_2, FIGURE_3, LANGUAGES, PRINTED, Cell
from xlser.leaderboards.paper_tables import Ours, count
from xlser.metrics import Counts
from xlser.protocols import Labels
from xlser.records import Role
from xlser.results import LEVEL, Line, Row, Summary

Files = dict[str, bytes]
"""A picture, by the suffixes of its files: "svg" and "png"."""

_STYLE = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "font.size": 9.0,
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text: small files that can be searched
    "svg.hashsalt": "xlser",
}
_WIDTH = 8.0  # inches: about 800 px where a page shows it
_COLOURS = ("#56B4E9", "#009E73", "#E69F00", "#D55E00", "#CC79A7", "#0072B2", "#F0E442")
_MARKERS = "os^DvPX"
_DARK = "#202020"
_LIGHT = "#a0a0a0"
_CHANCE: dict[str, Any] = {"color": _DARK, "linestyle": "--", "linewidth": 1, "label": "chance"}
_HATCH = "////"  # of bars that lack seeds
_FARTHEST = 50  # points: of two speakers an interval may be all there is
_PANELS = {
    "hard-pseudo-labels": "(a) hard pseudo-labels",
    "soft-pseudo-labels": "(b) soft pseudo-labels",
}
_BARS = tuple(dict.fromkeys(bar for bar, _ in FIGURE_3))
_IN_PRINT: dict[Role, tuple[str, str]] = {
    "target": ("D", "the paper, new language"),
    "source": ("o", "the paper, English"),
}


def figure_2(ours: Ours, heading: str, chance: float) -> Files:
    """Draw the paper's Figure 2: pseudo-labels by language and label budget.

    Args:
        ours: our rows.
        heading: their setting.
        chance: accuracy of guessing, percent.
    """

    def draw(canvas: Canvas) -> None:
        panels = canvas.subplots(len(_PANELS), 1, sharey=True)
        for axes, (method, name) in zip(panels, _PANELS.items(), strict=True):
            _draw_panel(axes, ours, method)
            _frame_accuracy(axes, chance)
            cells = [cell for key, cell in FIGURE_2.items() if key[0] == method]
            axes.set_title(f"{name} ({count(ours, cells)})", loc="left")
        budgets = zip(BUDGETS, _COLOURS, strict=False)
        bars = [Patch(color=colour, label=f"{labels} labels") for labels, colour in budgets]
        bars.append(Patch(color=_DARK, label="tested on English"))
        marks = [_legend_of_print("target"), _legend_of_print("source"), Line2D([], [], **_CHANCE)]
        lacking = _legend_of_lacking(ours, FIGURE_2.values())
        _add_legend(canvas, [*bars, *marks, *lacking], columns=4)

    return _drawn(draw, heading, height=6.4)


def figure_3(ours: Ours, heading: str, chance: float) -> Files:
    """Draw the paper's Figure 3: both bounds and hard pseudo-labels, by language.

    Args:
        ours: our rows.
        heading: their setting.
        chance: accuracy of guessing, percent.
    """

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        for i, language in enumerate(LANGUAGES):
            for j, name in enumerate(_BARS):
                x, cell = i + 0.25 * (j - 1), FIGURE_3[name, language]
                if cell in ours:
                    _draw_bar(axes, x, ours[cell], "target", 0.22, _COLOURS[j], beside=0.06)
                _mark_print(axes, x, cell, "target")
        _frame_accuracy(axes, chance)
        axes.set_title(count(ours, FIGURE_3.values()), loc="left")
        bars = [Patch(color=c, label=name) for name, c in zip(_BARS, _COLOURS, strict=False)]
        marks = [_legend_of_print("target"), Line2D([], [], **_CHANCE)]
        lacking = _legend_of_lacking(ours, FIGURE_3.values())
        _add_legend(canvas, [*bars, *marks, *lacking], columns=3)

    return _drawn(draw, heading, height=3.8)


def summary_dots(summary: Summary, figure: str, chance: float) -> Files:
    """Draw a row a method, best on top, and in it a dot a label budget.

    A line tells the 95 % interval of the largest budget.

    Args:
        summary: means over target languages.
        figure: name of the figure averaged, for its axis.
        chance: that of guessing, percent.
    """
    looks = dict(zip(summary.budgets, zip(_COLOURS, _MARKERS, strict=True), strict=False))
    looks |= {"all": (_DARK, "*")} if "all" in looks else {}

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        for y, line in enumerate(summary.lines):
            _draw_dots(axes, y, line, looks)
        _frame_methods(axes, summary.lines, chance)
        axes.set_xlabel(f"{figure}, mean over {summary.languages}")
        dots = [
            Line2D([], [], linestyle="", marker=marker, color=colour, label=f"{labels} labels")
            for labels, (colour, marker) in looks.items()
        ]
        interval = Line2D([], [], color=_LIGHT, linewidth=0.8, label="95 % interval")
        _add_legend(canvas, [*dots, interval, Line2D([], [], **_CHANCE)], columns=4)

    return _drawn(draw, summary.condition.title, height=1.2 + 0.22 * len(summary.lines))


def setting_moves(summary: Summary, other: Summary, figure: str, chance: float) -> Files:
    """Draw a row a method, and in it how its mean moves from one setting to another.

    Of label budgets, the smallest, the largest and all.

    Args:
        summary: of the setting arrived at; its order is that of the rows.
        other: of the setting left.
        figure: name of the figure averaged, for its axis.
        chance: that of guessing, percent.
    """
    before = {line.method: line for line in other.lines}
    lines = [line for line in summary.lines if line.method in before]
    numbers: list[Labels] = [labels for labels in summary.budgets if labels != "all"]
    shown = dict.fromkeys(numbers[:1], _COLOURS[0]) | dict.fromkeys(numbers[1:][-1:], _COLOURS[3])
    shown["all"] = _DARK

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
        axes.set_xlabel(f"{figure}, mean over {summary.languages}")
        filled: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": 6}
        legend = [
            Line2D([], [], color=colour, label=f"{labels} labels", **filled)
            for labels, colour in shown.items()
            if labels in summary.budgets
        ]
        legend += [
            Line2D([], [], color=_LIGHT, markerfacecolor="white", label=_backbone(other), **filled),
            Line2D([], [], color=_LIGHT, label=_backbone(summary), **filled),
            Line2D([], [], **_CHANCE),
        ]
        _add_legend(canvas, legend, columns=3)

    return _drawn(draw, summary.condition.title, height=1.2 + 0.22 * len(lines))


def _backbone(summary: Summary) -> str:
    return f"{summary.condition.track}, {summary.condition.backbone}"


def difference_lines(differences: Sequence[Difference], heading: str, figure: str) -> Files:
    """Draw a row a claim: the difference it speaks of, its 95 % interval, and the paper's.

    Args:
        differences: of targets, in the order of the rows.
        heading: above all.
        figure: name of the figure that differs, for the axis.
    """
    names = [_differing(x.claim) for x in differences]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        for y, difference in enumerate(differences):
            for i, (target, estimate) in enumerate(difference.ours.items()):
                axes.plot(estimate.value, y, _MARKERS[i + 1], color=_COLOURS[i], markersize=4)
                if target in difference.printed:
                    paper = {**_look_of_print("target"), "marker": _MARKERS[i + 1]}
                    axes.plot(difference.printed[target], y, **paper)
            if difference.mean is not None:
                decided = _DARK if difference.p <= LEVEL else _LIGHT
                if interval := difference.mean.interval:
                    axes.hlines(y, *interval, color=decided, linewidth=1.2)
                axes.plot(difference.mean.value, y, "o", color=decided, markersize=6)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.axvline(0, color=_DARK, linewidth=0.8)
        axes.grid(axis="x", color=_LIGHT, linewidth=0.4)
        axes.set_axisbelow(True)
        axes.set_xlim(-_FARTHEST, _FARTHEST)
        axes.set_xlabel(f"difference in {figure.removesuffix(' %')}, points")
        _add_legend(canvas, _legend_of_differences(differences), columns=3)

    return _drawn(draw, heading, height=1.4 + 0.26 * len(names))


def confusions(panels: Mapping[str, Counts], classes: Sequence[str], heading: str) -> Files:
    """Draw confusion matrices side by side, in percent of the utterances of each class.

    Args:
        panels: by title.
        classes: names, in the order of the matrices.
        heading: above all.
    """
    apart = len(classes) + 0.7
    middles = np.arange(len(classes)) + 0.5

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()  # one for all matrices: drawing an axes takes longest
        for i, (title, counts) in enumerate(panels.items()):
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

    return _drawn(draw, heading, height=3.0)


def _differing(claim: Claim) -> str:
    (above, of_above), (below, of_below) = claim.above, claim.below
    short = {name: name.replace("-pseudo-labels", "") for name in (above, below)}
    return f"{short[above]}, {of_above} − {short[below]}, {of_below}"


def _legend_of_differences(differences: Sequence[Difference]) -> list[Line2D]:
    targets = list(dict.fromkeys(target for x in differences for target in x.ours))
    decided: dict[str, Any] = {"marker": "o", "linewidth": 1.2}
    handles = [
        Line2D([], [], color=_DARK, label="mean and 95 % interval, p ≤ 0.05", **decided),
        Line2D([], [], color=_LIGHT, label="the same, p > 0.05", **decided),
    ]
    for i, target in enumerate(targets):
        dot: dict[str, Any] = {"linestyle": "", "marker": _MARKERS[i + 1]}
        handles.append(Line2D([], [], color=_COLOURS[i], label=target.capitalize(), **dot))
        if any(target in x.printed for x in differences):
            look = {**_look_of_print("target"), **dot}
            handles.append(Line2D([], [], label=f"the paper, {target.capitalize()}", **look))
    return handles


def _draw_confusion(axes: Axes, left: float, counts: Counts) -> None:
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    edges = np.arange(len(counts) + 1)
    axes.pcolormesh(left + edges, edges, shares, cmap="Blues", vmin=0, vmax=100)
    for (i, j), share in np.ndenumerate(shares):
        if share >= 0.5:  # else it is blank
            colour = "white" if share > 55 else _DARK
            axes.text(
                left + j + 0.5,
                i + 0.5,
                f"{share:.0f}",
                color=colour,
                ha="center",
                va="center",
                in_layout=False,  # to look for room for all of them takes long
            )


def _draw_panel(axes: Axes, ours: Ours, method: str) -> None:
    for i, language in enumerate(LANGUAGES):
        for j, labels in enumerate(BUDGETS):
            x, cell = i + 0.2 * (j - 1.5), FIGURE_2[method, language, labels]
            if cell in ours:
                _draw_bar(axes, x, ours[cell], "target", 0.18, _COLOURS[j], beside=0.06)
                _draw_bar(axes, x, ours[cell], "source", 0.05, _DARK, beside=0.0)
            _mark_print(axes, x + 0.06, cell, "target")
            _mark_print(axes, x, cell, "source")


def _draw_bar(
    axes: Axes, x: float, row: Row, role: Role, width: float, colour: str, beside: float
) -> None:
    """Draw a row's accuracy, with its deviation over seeds to the left of its middle."""
    figure = row.scores[role, "accuracy"]
    hatch = None if row.complete else _HATCH
    axes.bar(x, figure.mean, width, color=colour, edgecolor="white", linewidth=0, hatch=hatch)
    if figure.spread is not None:
        line = _LIGHT if colour == _DARK else _DARK
        axes.errorbar(x - beside, figure.mean, figure.spread, color=line, capsize=2, linewidth=1)


def _mark_print(axes: Axes, x: float, cell: Cell, role: Role) -> None:
    if (cell, role) in PRINTED:
        axes.plot(x, PRINTED[cell, role].accuracy, **_look_of_print(role))


def _legend_of_print(role: Role) -> Line2D:
    return Line2D([], [], label=_IN_PRINT[role][1], **_look_of_print(role))


def _look_of_print(role: Role) -> dict[str, Any]:
    look = {"linestyle": "", "markerfacecolor": "white", "markeredgecolor": _DARK}
    return {**look, "marker": _IN_PRINT[role][0], "markersize": 5}


def _frame_accuracy(axes: Axes, chance: float) -> None:
    axes.set_xticks(range(len(LANGUAGES)), [language.capitalize() for language in LANGUAGES])
    axes.set_xlim(-0.5, len(LANGUAGES) - 0.5)
    axes.set_ylim(0, 100)
    axes.set_ylabel("accuracy %")
    axes.axhline(chance, **_CHANCE)


def _draw_dots(axes: Axes, y: int, line: Line, looks: Mapping[Labels, tuple[str, str]]) -> None:
    means = {labels: figure.mean for labels, figure in line.scores.items()}
    if interval := line.estimate(line.largest).interval:
        axes.hlines(y, *interval, color=looks[line.largest][0], linewidth=0.8)
    for labels, mean in means.items():
        colour, marker = looks[labels]
        axes.plot(mean, y, marker, color=colour, markersize=7, zorder=3)


def _frame_methods(axes: Axes, lines: Sequence[Line], chance: float) -> None:
    axes.set_yticks(range(len(lines)), [line.method for line in lines])
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.grid(axis="x", color=_LIGHT, linewidth=0.4)
    axes.set_axisbelow(True)
    axes.axvline(chance, **_CHANCE)


def _legend_of_lacking(ours: Ours, cells: Iterable[Cell]) -> list[Patch]:
    lacking = any(cell in ours and not ours[cell].complete for cell in cells)
    hatched = Patch(label="lacks seeds", facecolor=_LIGHT, edgecolor="white", hatch=_HATCH)
    return [hatched] if lacking else []


def _add_legend(canvas: Canvas, handles: Sequence[Artist], columns: int) -> None:
    canvas.legend(handles=handles, loc="outside lower center", ncols=columns)


def _drawn(draw: Callable[[Canvas], None], heading: str, height: float) -> Files:
    """Draw on a canvas of `height` inches and return its files, free of dates and versions."""
    with style.context(_STYLE, after_reset=True):
        canvas = Canvas(figsize=(_WIDTH, height), layout="constrained")
        canvas.suptitle(heading, x=0.01, ha="left", fontsize="medium")
        draw(canvas)
        _round_limits(canvas)
        svg, png = BytesIO(), BytesIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        canvas.savefig(svg, format="svg", metadata=nothing)
        canvas.savefig(png, format="png", dpi=150, metadata={"Software": None})
    return {"svg": svg.getvalue(), "png": png.getvalue()}


def _round_limits(canvas: Canvas) -> None:
    """Round the limits of all axes, which follow what is drawn to its last bit.

    That bit is the linear algebra library's, and the layout and names within the file follow it.
    """
    for axes in canvas.axes:
        axes.set_xlim(*np.round(axes.get_xlim(), 6))
        axes.set_ylim(*np.round(axes.get_ylim(), 6))
