"""Figures 2 and 3 of Agarla et al. (2022), from our records, and its claims as differences."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

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
    picture,
)
from xlser.records import Role
from xlser.results import LEVEL, Row
from xlser_agarla2022.claims import Claim, Difference
from xlser_agarla2022.printed import (
    BUDGETS,
    FIGURE_2,
    FIGURE_3,
    LANGUAGES,
    PRINTED,
    TABLE_3,
    TABLE_4,
    Experiment,
)
from xlser_agarla2022.tables import Ours, count

_HATCH = "////"  # of bars that lack seeds
_FARTHEST = 50  # points: of two speakers an interval may be all there is
_LAST = len(BUDGETS) - 1  # place of the largest budget on the axis
_PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}  # below text
_LINE_OF_TEXT = 7.0  # points of accuracy that a line of text takes


class _Line(NamedTuple):
    """How a method of Figure 2 is drawn, and what it is called there."""

    name: str
    colour: str
    marker: str


_LINES = {
    "hard-pseudo-labels": _Line("hard", COLOURS[5], "o"),
    "soft-pseudo-labels": _Line("soft", COLOURS[3], "s"),
}
_BOUNDS = {"upper bound": "^", "lower bound": "v"}  # the paper's marks
_BARS = tuple(dict.fromkeys(bar for bar, _ in FIGURE_3))
_ROLES: tuple[Role, ...] = ("target", "source")
_IN_PRINT: dict[str, Any] = {
    "linestyle": "",
    "marker": "D",
    "markersize": 5,
    "markerfacecolor": "white",
    "markeredgecolor": DARK,
}


def figure_2(ours: Ours, heading: str, chance: float) -> bytes:
    """Draw the paper's Figure 2: pseudo-labels over label budgets, a column a new language.

    The upper row is tested on the new language, the lower one on English. Lines across a panel are
    our bounds; the paper's scores stand beside ours.

    Args:
        ours: our rows.
        heading: their setting.
        chance: accuracy of guessing, percent.
    """
    shown = [x for x in LANGUAGES if any(cell in ours for cell in _cells_of(x))] or [LANGUAGES[0]]

    def draw(canvas: Canvas) -> None:
        panels = canvas.subplots(len(_ROLES), len(shown), sharex=True, sharey=True, squeeze=False)
        for row, role in zip(panels, _ROLES, strict=True):
            for axes, language in zip(row, shown, strict=True):
                _draw_panel(axes, ours, language, role)
                axes.axhline(chance, **CHANCE)
                tested = language.capitalize() if role == "target" else "English"
                axes.set_title(f"{language.capitalize()}, tested on {tested}", loc="left")
        for axes in panels[:, 0]:
            axes.set_ylabel("accuracy %")
        for axes, language in zip(panels[-1], shown, strict=True):
            axes.set_xlabel(f"labelled utterances of {language.capitalize()}")
        add_legend(canvas, _legend_of_panels(ours), columns=3)

    title = f"Pseudo-labels over label budgets, between the bounds: {heading}"
    return picture(draw, title, height=6.4)


def figure_3(ours: Ours, heading: str, chance: float) -> bytes:
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
        marks = [_legend_of_print(), Line2D([], [], **CHANCE)]
        lacking = _legend_of_lacking(ours, FIGURE_3.values())
        add_legend(canvas, [*bars, *marks, *lacking], columns=3)

    return picture(draw, heading, height=3.8)


def difference_lines(differences: Sequence[Difference], heading: str, figure: str) -> bytes:
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
                    paper = {**_IN_PRINT, "marker": MARKERS[i + 1]}
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

    return picture(draw, heading, height=1.4 + 0.26 * len(names))


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
            look = {**_IN_PRINT, **dot}
            handles.append(Line2D([], [], label=f"the paper, {target.capitalize()}", **look))
    return handles


def _legend_of_panels(ours: Ours) -> list[Line2D]:
    dot: dict[str, Any] = {"color": DARK, "marker": "o"}
    hard = {**_IN_PRINT, "markeredgecolor": _LINES["hard-pseudo-labels"].colour}
    handles = [
        Line2D([], [], label="ours, ± deviation over seeds", **dot),
        Line2D([], [], **CHANCE),
        Line2D([], [], label="the paper, hard", **hard),
    ]
    for name, marker in _BOUNDS.items():
        handles.append(
            Line2D([], [], label=f"the paper, {name}", **{**_IN_PRINT, "marker": marker})
        )
    if any(cell in ours and not ours[cell].complete for cell in FIGURE_2.values()):
        handles.append(Line2D([], [], label="lacks seeds", markerfacecolor=LIGHT, **dot))
    return handles


def _cells_of(language: str) -> list[Experiment]:
    """Return the cells of Figure 2 and the bounds of a new language."""
    cells = [cell for (_, x, _), cell in FIGURE_2.items() if x == language]
    return [*cells, TABLE_3[language], TABLE_4[language]]


def _draw_panel(axes: Axes, ours: Ours, language: str, role: Role) -> None:
    """Draw a language's scores by label budget, and the bounds across, with their names."""
    names: list[tuple[float, str, str]] = []
    for shift, (method, look) in zip((-0.06, 0.06), _LINES.items(), strict=True):
        cells = [FIGURE_2[method, language, labels] for labels in BUDGETS]
        there = [(x + shift, ours[cell]) for x, cell in enumerate(cells) if cell in ours]
        _draw_line(axes, there, role, look)
        if there and there[-1][1].labels == BUDGETS[-1]:
            names.append((there[-1][1].scores[role, "accuracy"].mean, look.name, look.colour))
        for x, cell in enumerate(cells):
            _mark_print(axes, x + 0.2, cell, role, markeredgecolor=look.colour)
    _write_names(axes, _LAST + 0.32, names)
    _draw_bounds(axes, ours, language, role)
    axes.set_xticks(range(len(BUDGETS)), [str(labels) for labels in BUDGETS])
    axes.set_xlim(-0.5, _LAST + 2.6)
    axes.set_ylim(0, 100)


def _draw_line(axes: Axes, there: Sequence[tuple[float, Row]], role: Role, look: _Line) -> None:
    """Draw a method's scores, with their deviation over seeds."""
    scores = [row.scores[role, "accuracy"] for _, row in there]
    means = [score.mean for score in scores]
    axes.plot([x for x, _ in there], means, color=look.colour, linewidth=1.4)
    for (x, row), score in zip(there, scores, strict=True):
        face = look.colour if row.complete else LIGHT
        shape: dict[str, Any] = {"marker": look.marker, "markersize": 6, "markerfacecolor": face}
        axes.errorbar(
            x, score.mean, score.spread, color=look.colour, capsize=2, linewidth=1, **shape
        )


def _draw_bounds(axes: Axes, ours: Ours, language: str, role: Role) -> None:
    """Draw both bounds across the panel; their names and the paper's scores stand at the right."""
    names: list[tuple[float, str, str]] = []
    cells = {"upper bound": TABLE_4[language], "lower bound": TABLE_3[language]}
    for name, cell in cells.items():
        if cell in ours:
            height = ours[cell].scores[role, "accuracy"].mean
            axes.hlines(height, -0.5, _LAST + 1.2, color=LIGHT, linewidth=1.4, zorder=0)
            names.append((height, name, DARK))
        _mark_print(axes, _LAST + 1.2, cell, role, marker=_BOUNDS[name])
    _write_names(axes, _LAST + 1.36, names)


def _write_names(axes: Axes, x: float, names: Iterable[tuple[float, str, str]]) -> None:
    """Write names at their heights, upwards, none upon another."""
    lowest = -_LINE_OF_TEXT
    for height, name, colour in sorted(names):
        lowest = max(height, lowest + _LINE_OF_TEXT)
        axes.text(x, lowest, name, color=colour, va="center", fontsize="small", bbox=_PAPER)


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


def _mark_print(axes: Axes, x: float, cell: Experiment, role: Role, **look: Any) -> None:
    """Draw the paper's score of a cell, if it prints one."""
    if (cell, role) in PRINTED:
        axes.plot(x, PRINTED[cell, role].accuracy, **{**_IN_PRINT, **look})


def _legend_of_print() -> Line2D:
    return Line2D([], [], label="the paper, new language", **_IN_PRINT)


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
