"""Figures 2 and 3 of Agarla et al. (2022), from our records, and its claims as differences."""

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from xlser.leaderboards.figures.canvas import (
    CHANCE,
    COLOURS,
    DARK,
    LIGHT,
    MARKERS,
    add_legend,
    name_rows,
    picture_files,
)
from xlser.leaderboards.model import Files
from xlser.records import Role
from xlser.results import LEVEL, Row
from xlser_agarla2022.claims import Claim, Difference
from xlser_agarla2022.printed import BUDGETS, FIGURE_2, FIGURE_3, LANGUAGES, PRINTED, Experiment
from xlser_agarla2022.tables import Ours, count

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
        budgets = zip(BUDGETS, COLOURS, strict=False)
        bars = [Patch(color=colour, label=f"{labels} labels") for labels, colour in budgets]
        bars.append(Patch(color=DARK, label="tested on English"))
        marks = [_legend_of_print("target"), _legend_of_print("source"), Line2D([], [], **CHANCE)]
        lacking = _legend_of_lacking(ours, FIGURE_2.values())
        add_legend(canvas, [*bars, *marks, *lacking], columns=4)

    return picture_files(draw, heading, height=6.4)


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
                    _draw_bar(axes, x, ours[cell], "target", 0.22, COLOURS[j], beside=0.06)
                _mark_print(axes, x, cell, "target")
        _frame_accuracy(axes, chance)
        axes.set_title(count(ours, FIGURE_3.values()), loc="left")
        bars = [Patch(color=c, label=name) for name, c in zip(_BARS, COLOURS, strict=False)]
        marks = [_legend_of_print("target"), Line2D([], [], **CHANCE)]
        lacking = _legend_of_lacking(ours, FIGURE_3.values())
        add_legend(canvas, [*bars, *marks, *lacking], columns=3)

    return picture_files(draw, heading, height=3.8)


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
                axes.plot(estimate.value, y, MARKERS[i + 1], color=COLOURS[i], markersize=4)
                if target in difference.printed:
                    paper = {**_look_of_print("target"), "marker": MARKERS[i + 1]}
                    axes.plot(difference.printed[target], y, **paper)
            if difference.mean is not None:
                decided = DARK if difference.p <= LEVEL else LIGHT
                if interval := difference.mean.interval:
                    axes.hlines(y, *interval, color=decided, linewidth=1.2)
                axes.plot(difference.mean.value, y, "o", color=decided, markersize=6)
        name_rows(axes, names)
        axes.axvline(0, color=DARK, linewidth=0.8)
        axes.set_xlim(-_FARTHEST, _FARTHEST)
        axes.set_xlabel(f"difference in {figure.removesuffix(' %')}, points")
        add_legend(canvas, _legend_of_differences(differences), columns=3)

    return picture_files(draw, heading, height=1.4 + 0.26 * len(names))


def _differing(claim: Claim) -> str:
    (above, of_above), (below, of_below) = claim.above, claim.below
    short = {name: name.replace("-pseudo-labels", "") for name in (above, below)}
    return f"{short[above]}, {of_above} − {short[below]}, {of_below}"


def _legend_of_differences(differences: Sequence[Difference]) -> list[Line2D]:
    targets = list(dict.fromkeys(target for x in differences for target in x.ours))
    decided: dict[str, Any] = {"marker": "o", "linewidth": 1.2}
    handles = [
        Line2D([], [], color=DARK, label="mean and 95 % interval, p ≤ 0.05", **decided),
        Line2D([], [], color=LIGHT, label="the same, p > 0.05", **decided),
    ]
    for i, target in enumerate(targets):
        dot: dict[str, Any] = {"linestyle": "", "marker": MARKERS[i + 1]}
        handles.append(Line2D([], [], color=COLOURS[i], label=target.capitalize(), **dot))
        if any(target in x.printed for x in differences):
            look = {**_look_of_print("target"), **dot}
            handles.append(Line2D([], [], label=f"the paper, {target.capitalize()}", **look))
    return handles


def _draw_panel(axes: Axes, ours: Ours, method: str) -> None:
    for i, language in enumerate(LANGUAGES):
        for j, labels in enumerate(BUDGETS):
            x, cell = i + 0.2 * (j - 1.5), FIGURE_2[method, language, labels]
            if cell in ours:
                _draw_bar(axes, x, ours[cell], "target", 0.18, COLOURS[j], beside=0.06)
                _draw_bar(axes, x, ours[cell], "source", 0.05, DARK, beside=0.0)
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
        line = LIGHT if colour == DARK else DARK
        axes.errorbar(x - beside, figure.mean, figure.spread, color=line, capsize=2, linewidth=1)


def _mark_print(axes: Axes, x: float, cell: Experiment, role: Role) -> None:
    if (cell, role) in PRINTED:
        axes.plot(x, PRINTED[cell, role].accuracy, **_look_of_print(role))


def _legend_of_print(role: Role) -> Line2D:
    return Line2D([], [], label=_IN_PRINT[role][1], **_look_of_print(role))


def _look_of_print(role: Role) -> dict[str, Any]:
    look = {"linestyle": "", "markerfacecolor": "white", "markeredgecolor": DARK}
    return {**look, "marker": _IN_PRINT[role][0], "markersize": 5}


def _frame_accuracy(axes: Axes, chance: float) -> None:
    axes.set_xticks(range(len(LANGUAGES)), [language.capitalize() for language in LANGUAGES])
    axes.set_xlim(-0.5, len(LANGUAGES) - 0.5)
    axes.set_ylim(0, 100)
    axes.set_ylabel("accuracy %")
    axes.axhline(chance, **CHANCE)


def _legend_of_lacking(ours: Ours, cells: Iterable[Experiment]) -> list[Patch]:
    lacking = any(cell in ours and not ours[cell].complete for cell in cells)
    hatched = Patch(label="lacks seeds", facecolor=LIGHT, edgecolor="white", hatch=_HATCH)
    return [hatched] if lacking else []
