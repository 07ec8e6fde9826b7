"""The numbers of a page: rows, means over targets, and what both are computed from."""

from collections.abc import Collection, Sequence
from itertools import groupby
from math import isnan
from typing import Any

import pandas as pd

from xlser.corpora import get_corpus
from xlser.leaderboards.formatting import DASH, metric_title, show_seeds
from xlser.leaderboards.plugins import page_plugins
from xlser.leaderboards.rendering import as_text
from xlser.leaderboards.sections.encoders import Encoders
from xlser.metrics import Metric, get_metric
from xlser.protocols import Labels, Protocol
from xlser.results import (
    LEVEL,
    Budgets,
    Condition,
    Difference,
    Estimate,
    Line,
    Results,
    Row,
    Summary,
    Table,
    adjusted_ps,
    competition_ranks,
)
from xlser.site.explorer.counts import COMPARED, TestSets
from xlser.site.explorer.provenance import Methods, Provenance

Content = dict[str, Any]


class Numbers:
    """Collects what a page shows of results.

    Args:
        results: of the protocol.
        metrics: names of those shown beside UA and accuracy.
        encoders: by which conditions are flagged whose encoder was trained on their speech.
    """

    def __init__(
        self, results: Results, metrics: Collection[str] = (), encoders: Encoders | None = None
    ) -> None:
        self.results, self.encoders = results, encoders
        protocol = self.protocol = results.protocol
        wanted = [protocol.headline, "ua", "accuracy", "macro-f1", *metrics, "ece"]
        self.metrics = [get_metric(name, protocol.classes) for name in dict.fromkeys(wanted)]
        self.conditions = sorted({table.condition for table in results.tables()})
        self.methods = Methods(results)
        self.provenance = Provenance(results)
        self.tested: dict[Any, tuple[int, TestSets]] = {}
        self._test_sets: list[Content] = []
        self.extra: dict[str, None] = {}

    def content(self) -> Content:
        """Return everything, as JSON has it: lists in the order in which tables have rows."""
        protocol, headline = self.protocol, self.metrics[0]
        rows = [
            line
            for table in self.results.tables()
            for labels, of in groupby(table.rows, key=lambda row: row.labels)
            for line in self._rows(table, labels, list(of))
        ]
        means = [line for of in self.results.summaries() for line in self._means(of)]
        shown = {table.target for table in self.results.tables()}
        return {
            "protocol": protocol.name,
            "version": protocol.version or "draft",
            "digest": protocol.digest[:16],
            "metric": {"name": headline.name, "title": metric_title(headline)},
            "compared": headline.name in COMPARED,
            "by class": headline.averages_classes,
            "higher": headline.higher_is_better,
            "ranks": protocol.ranks,
            "reference": protocol.presentation.reference,
            "headline budgets": list(protocol.first_budgets),
            "metrics": [metric_title(metric) for metric in self.metrics[1:]],
            "classes": list(protocol.classes),
            "targets": [_target(protocol, name) for name in protocol.targets if name in shown],
            "conditions": [self._condition(condition) for condition in self.conditions],
            "methods": self.methods.content(),
            "provenance": self.provenance.content(),
            "tests": self._test_sets,
            "extra": list(self.extra),
            "rows": rows,
            "means": means,
        }

    def _condition(self, condition: Condition) -> Content:
        corpora = self.encoders.trained_on(condition) if self.encoders else ()
        partial = [f"without {get_corpus(name).title}" for name in condition.absent]
        if condition.excluded:
            partial.append(f"{len(condition.excluded)} utterances excluded")
        usual = {"weights": condition.weights[:8], "precision": condition.precision}
        return {
            "slug": condition.slug,
            "title": condition.title,
            "encoder": condition.backbone,
            "track": condition.track,
            **usual,
            "partial": ", ".join(partial),
            "encoder_corpora": [get_corpus(name).title for name in corpora],
        }

    def _rows(self, table: Table, labels: Labels, rows: Sequence[Row]) -> list[Content]:
        reference = self.protocol.presentation.reference
        against = table.against(labels, reference)
        standing = table.standing(labels, reference)
        below = standing.separable if standing else ()
        ranks = iter(_ranks([row for row in rows if row.ranked], table.metric, self.protocol))
        corpora = self.encoders.trained_on(table.condition, table.target) if self.encoders else ()
        extra = self._extra(table, rows)
        return [
            {
                "target": table.target,
                "condition": self.conditions.index(table.condition),
                "method": self.methods.index(row.method),
                "labels": labels,
                "rank": next(ranks) if row.ranked else "",
                **({"bound": 1} if row.bound else {}),
                **({"below": 1} if row.method in below else {}),
                "score": _score(row.scores["target", table.metric.name].mean, 4),
                "spread": _score(row.scores["target", table.metric.name].spread),
                "interval": _interval(row.resampled.estimate),
                **({"vs": _compared(*against[row])} if row in against else {}),
                "metrics": [
                    _score(row.scores["target", metric.name].mean) for metric in self.metrics[1:]
                ],
                **self._predictions(table, row),
                "seeds": show_seeds(row),
                **({"marks": list(row.marks)} if row.marks else {}),
                **(
                    {"encoder_corpora": [get_corpus(name).title for name in corpora]}
                    if corpora
                    else {}
                ),
                **({"extra": cells} if (cells := extra[i]) else {}),
                "from": self.provenance.index(table, row),
            }
            for i, row in enumerate(rows)
        ]

    def _predictions(self, table: Table, row: Row) -> Content:
        """Return the confusions and, of metrics that pages compare by, what speakers add."""
        counts = row.predictions.confusion.tolist()
        content: Content = {"confusion": [n for line in counts for n in line]}
        if table.metric.name not in COMPARED:
            return content
        key = (id(row.predictions.utterances), row.cells)
        if key not in self.tested:
            sets = TestSets(row.predictions.utterances, table.metric)
            self.tested[key] = len(self._test_sets), sets
            self._test_sets.append(sets.as_json(row.resampled.speakers))
        number, sets = self.tested[key]
        return content | {"test": number, "right": sets.recognised(row)}

    def _extra(self, table: Table, rows: Sequence[Row]) -> list[dict[str, str]]:
        cells: list[dict[str, str]] = [{} for _ in rows]
        for plugin in page_plugins(self.protocol.name):
            for column in plugin.columns(self.results, table, rows):
                title = as_text(column.title)
                self.extra.setdefault(title)
                for of_row, cell in zip(cells, map(as_text, column.cells), strict=True):
                    if cell and cell != DASH:
                        of_row[title] = cell
        return cells

    def _means(self, summary: Summary) -> list[Content]:
        budgets: list[Budgets] = [*summary.budgets]
        if summary.headline:
            budgets.insert(0, summary.headline)
        return [line for labels in budgets for line in self._means_at(summary, labels)]

    def _means_at(self, summary: Summary, labels: Budgets) -> list[Content]:
        lines = [line for line in summary.lines if line.has(labels)]
        if not lines:
            return []
        reference = self.protocol.presentation.reference
        first = next((line for line in lines if line.method == reference), None)
        others = [line for line in lines if line is not first and first and not line.bound]
        differences = [line.minus(first, labels) for line in others if first]
        ps = adjusted_ps(differences)
        against = dict(zip(others, map(_compared, differences, ps), strict=True))
        standing = None if labels == "all" else summary.standing(labels, reference)
        below = standing.separable if standing else ()
        ranked = [] if labels == "all" else [line for line in lines if not line.bound]
        means = [line.score(labels).mean for line in ranked]
        higher = summary.lines[0].metric.higher_is_better
        placed = competition_ranks(means, higher) if self.protocol.ranks and ranked else ()
        ranks = dict(zip([line.method for line in ranked], placed, strict=False))
        return [
            {
                "target": "",
                "condition": self.conditions.index(summary.condition),
                "method": self.methods.index(line.method),
                "labels": list(labels) if isinstance(labels, tuple) else labels,
                "rank": ranks.get(line.method, ""),
                **({"bound": 1} if line.bound else {}),
                **({"below": 1} if line.method in below else {}),
                "score": _score(line.score(labels).mean, 4),
                "spread": _score(line.score(labels).spread),
                "interval": _interval(line.estimate(labels)),
                **({"vs": against[line]} if line in against else {}),
                "over": self._over_targets(line, labels),
            }
            for line in sorted(lines, key=lambda line: self._order(line, labels))
        ]

    def _order(self, line: Line, labels: Budgets) -> tuple[bool, float, str]:
        sign = -1 if line.metric.higher_is_better else 1
        return line.bound, sign * line.score(labels).mean, line.method

    def _over_targets(self, line: Line, labels: Budgets) -> list[float | None]:
        """Return the score on each target, in the order of the summary's targets."""
        budgets = labels if isinstance(labels, tuple) else (labels,)
        of_targets = zip(*(line.rows[each] for each in budgets), strict=True)
        name = line.metric.name
        return [
            _score(sum(row.scores["target", name].mean for row in rows) / len(rows))
            for rows in of_targets
        ]


def _target(protocol: Protocol, name: str) -> Content:
    classes = protocol.classes_of(name)
    return {
        "name": name,
        "corpora": ", ".join(get_corpus(corpus).title for corpus in protocol.languages[name]),
        "chance": round(100 / len(classes), 1),
    }


def _ranks(ranked: Sequence[Row], metric: Metric, protocol: Protocol) -> Sequence[str]:
    scores = [row.scores["target", metric.name].mean for row in ranked]
    if not protocol.ranks:
        return [""] * len(ranked)
    return competition_ranks(scores, metric.higher_is_better) if ranked else []


def _compared(of: Difference, p: float) -> list[Any]:
    """Return value, interval and whether it is separable, of a difference."""
    return [_score(of.value), _interval(of), int(p <= LEVEL)]


def _score(value: float | None, digits: int = 1) -> float | None:
    if value is None or pd.isna(value) or isnan(value):
        return None
    return round(float(value), digits) + 0.0


def _interval(estimate: Estimate) -> list[float] | None:
    if estimate.interval is None:
        return None
    low, high = estimate.interval
    return [round(low, 1) + 0.0, round(high, 1) + 0.0]
