"""The last screen of a command at a terminal: methods by label budget, and what to do next."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from statistics import mean

from tabulate import tabulate

from xlser.leaderboards.formatting import DASH, metric_title
from xlser.leaderboards.model import plain
from xlser.protocols import Labels
from xlser.results import Condition, Results, Row
from xlser.results.summary import rising

WIDTH = 80
"""Most columns of a screen."""

HEIGHT = 30
"""Most lines of a screen."""

_SCORE = 9  # columns of a score, with the blanks before it


@dataclass(frozen=True)
class _Method:
    """A method under one condition: its rows on the targets of a screen, by label budget."""

    name: str
    title: str
    bound: bool
    default: bool
    rows: Mapping[Labels, Sequence[Row]]

    def is_complete(self, labels: Labels, targets: int) -> bool:
        """Return whether a budget has all targets, seeds and folds, on the usual recordings."""
        rows = self.rows.get(labels, ())
        return len(rows) == targets and all(row.complete and not row.marks for row in rows)

    def mean(self, labels: Labels, targets: int, metric: str) -> float | None:
        """Return the mean over targets and seeds, percent; None if a target is missing.

        Args:
            labels: label budget.
            targets: number of targets that count.
            metric: name.
        """
        rows = self.rows.get(labels, ())
        if len(rows) < targets:
            return None
        value = mean(row.scores["target", metric].mean for row in rows)
        return None if isnan(value) else value


class Screen:
    """The methods of one condition on some targets, in at most 80 columns.

    Args:
        results: of a protocol.
        page: file with all of its tables.
        targets: languages to average over.
        runs: keys of the runs that the command asked for; their condition is shown.
        named: methods that the command named; they are always shown.

    Raises:
        RecordError: the name of an utterance is not one of its corpus.
    """

    def __init__(
        self,
        results: Results,
        page: Path,
        targets: Collection[str],
        runs: Collection[str],
        named: Collection[str] = (),
    ) -> None:
        self._protocol = results.protocol
        self._page = page
        self._named = named
        condition = _condition_of(results, runs)
        tables = [
            table
            for table in results.tables()
            if table.condition == condition and table.target in targets
        ]
        self._condition = condition
        self._targets = [table.target for table in tables]
        self._metric = results.metrics[self._protocol.headline]
        methods = _methods([row for table in tables for row in table.rows])
        present = {labels for method in methods for labels in method.rows}
        self._budgets = sorted(present, key=rising)
        self._methods = sorted(methods, key=self._order)

    def text(self, height: int = HEIGHT) -> str:
        """Return the screen, without a line end after its last line.

        Args:
            height: most lines; at least 16.
        """
        if not self._methods:
            return f"No records of {self._protocol.name} yet."
        head, foot = self._head(), self._foot()
        shown = self._chosen(height - len(head) - len(foot) - 2)
        more = len(self._methods) - len(shown)
        lines = [*head, *self._table(shown)]
        if more:
            lines.append(_cut(f"and {more} more: {self._page}"))
        return "\n".join([*lines, *foot])

    def _order(self, method: _Method) -> tuple[bool, bool, float, float, str]:
        """Return a sort key: best first by the headline budgets, or the largest; bounds last."""
        first = self._protocol.headline_budgets
        values = [self._mean(method, labels) for labels in first]
        known = [value for value in values if value is not None]
        largest = float("inf")
        if not first or len(known) < len(first):
            scored = [k for k in method.rows if self._mean(method, k) is not None]
            largest = rising(max(scored, key=rising)) if scored else -1
            known = [v for k in scored if rising(k) == largest if (v := self._mean(method, k))]
        sign = -1 if self._metric.higher_is_better else 1
        value = sign * mean(known) if known else float("inf")
        bounds = self._protocol.presentation.bounds
        apart = method.bound or (method.default and method.name == bounds.lower)
        return (apart, not known, -largest, value, method.title)

    def _mean(self, method: _Method, labels: Labels) -> float | None:
        return method.mean(labels, len(self._targets), self._metric.name)

    def _chosen(self, room: int) -> list[_Method]:
        """Return `room` methods: the bounds, the reference, those named, then the best."""
        if len(self._methods) <= room + 1:  # the line "and ... more" is not needed
            return self._methods
        presentation = self._protocol.presentation
        fixed = (presentation.bounds.lower, presentation.reference, presentation.bounds.upper)

        def rank(place: int) -> tuple[int, int]:
            method = self._methods[place]
            if method.default and method.name in fixed:
                return 0, place
            return (1 if method.name in self._named else 2), place

        places = sorted(sorted(range(len(self._methods)), key=rank)[:room])
        return [self._methods[place] for place in places]

    def _head(self) -> list[str]:
        title = f"{self._protocol.name}: {metric_title(self._metric)}"
        *others, last = map(str.capitalize, self._targets)
        over = f", mean over {', '.join(others)} and {last}" if others else f", {last}"
        if len(title + over) > WIDTH:
            over = f", mean over {len(self._targets)} targets"
        return [_cut(title + over), _cut(self._condition.title if self._condition else ""), ""]

    def _table(self, shown: Sequence[_Method]) -> list[str]:
        titles = ["method", *(_title(k, place) for place, k in enumerate(self._budgets))]
        best = {labels: self._best(labels) for labels in self._budgets}
        cells = [
            [self._name(method), *(self._cell(method, k, best[k]) for k in self._budgets)]
            for method in shown
        ]
        align = ["left", *["right"] * len(self._budgets)]
        table = tabulate(cells, titles, "plain", disable_numparse=True, colalign=align)
        return [line.rstrip()[:WIDTH] for line in table.splitlines()]

    def _name(self, method: _Method) -> str:
        presentation = self._protocol.presentation
        roles = {
            presentation.bounds.lower: "lower bound",
            presentation.reference: "reference",
            presentation.bounds.upper: "upper bound",
        }
        role = roles.get(method.name) if method.default else None
        marks = " †" if method.bound else ""
        if role and role.replace(" ", "-") != method.name:
            marks += f" ({role})"
        room = WIDTH - _SCORE * len(self._budgets) - 4 - len(marks)
        return _cut(method.title, room) + marks

    def _cell(self, method: _Method, labels: Labels, best: str) -> str:
        value = self._mean(method, labels)
        if value is None:
            return DASH + " "
        text = f"{value:.1f}"
        if not method.is_complete(labels, len(self._targets)):
            return text + "~"
        return text + ("*" if text == best and not method.bound else " ")

    def _best(self, labels: Labels) -> str:
        """Return the best mean of a column as it is printed; "" if fewer than two compete."""
        competing = [
            value
            for method in self._methods
            if not method.bound and method.is_complete(labels, len(self._targets))
            if (value := self._mean(method, labels)) is not None
        ]
        if len(competing) < 2:
            return ""
        return f"{(max if self._metric.higher_is_better else min)(competing):.1f}"

    def _foot(self) -> list[str]:
        protocol, lines = self._protocol, [""]
        marks = []
        if any(self._best(labels) for labels in self._budgets):
            marks.append("* best of its column.")
        if any(method.bound for method in self._methods):
            marks.append("† trains on all target labels.")
        complete = (
            method.is_complete(labels, len(self._targets))
            for method in self._methods
            for labels in method.rows
            if self._mean(method, labels) is not None
        )
        if not all(complete):
            marks.append("~ not all seeds.")
        if marks:
            lines.append(_cut(" ".join(marks)))
        if not protocol.ranks:
            lines.append(f"{protocol.name} does not rank methods.")
        return [*lines, *self._next()]

    def _next(self) -> list[str]:
        name, folder = self._protocol.name, self._page.parent.parent
        steps = {"all tables": str(self._page)}
        plain_ones = [method for method in self._methods if method.default and not method.bound]
        reference = self._protocol.presentation.reference
        others = [method.name for method in plain_ones if method.name != reference]
        if others and len(others) < len(plain_ones):
            compare = ["xlser", "compare", others[0], reference, "--protocol", name]
            if folder != Path("leaderboards"):
                compare += ["--leaderboards", str(folder)]
            steps["difference"] = shlex.join(filter(None, compare))
        steps["your method"] = "xlser new-method NAME"
        steps["real speech"] = "xlser corpora, xlser protocols"
        width = max(map(len, steps)) + 2
        lines = {what: f"{what:<{width}}{how}" for what, how in steps.items()}
        # A command that is cut cannot be given; a path must be whole, however long.
        fit = [line for what, line in lines.items() if what == "all tables" or len(line) <= WIDTH]
        return ["", *fit]


def _condition_of(results: Results, runs: Collection[str]) -> Condition | None:
    """Return the condition of most of some runs; of no run, that of the first table."""
    frame = results.arranged
    own = frame[frame["key"].isin(list(runs))]["condition"]
    if len(own):
        conditions: Sequence[Condition] = own.tolist()
        return max(dict.fromkeys(conditions), key=conditions.count)
    tables = results.tables()
    return tables[0].condition if tables else None


def _methods(rows: Sequence[Row]) -> list[_Method]:
    by_title: dict[str, list[Row]] = {}
    for row in rows:
        by_title.setdefault(row.method, []).append(row)
    return [
        _Method(
            name=of[0].name,
            title=plain(title),
            bound=of[0].bound,
            default=not of[0].changed,
            rows={k: [row for row in of if row.labels == k] for k in {row.labels for row in of}},
        )
        for title, of in by_title.items()
    ]


def _title(labels: Labels, place: int) -> str:
    """Return the heading of a label budget; the first states what it counts."""
    return (f"{labels} labels" if place == 0 and labels != "all" else str(labels)) + " "


def _cut(text: str, width: int = WIDTH) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
