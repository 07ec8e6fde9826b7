"""Metrics of single runs and of rows, computed from predictions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import fsum, isnan, nan, sqrt
from statistics import mean

import numpy as np

from xlser.metrics import Metric
from xlser.records import Role
from xlser.records.columns import ROLES
from xlser.records.runs_table import Runs, TestSet
from xlser.results.predictions import Reals, mean_defined, probabilities_of, sums_by, total

Scored = tuple[Role, str]
"""The role of the test speech, and the name of a metric."""

_AT_ONCE = 1 << 19  # numbers held at once: 4 MiB, which caches hold


@dataclass(frozen=True)
class Score:
    """A metric over seeds, in percent.

    Attributes:
        values: one per seed, the mean over its folds.
    """

    values: tuple[float, ...]

    @classmethod
    def average(cls, scores: "Sequence[Score]") -> "Score":
        """Return the mean of several scores (say, of languages), seed by seed."""
        return cls(tuple(map(mean, zip(*(score.values for score in scores), strict=True))))

    @cached_property
    def mean(self) -> float:
        """Mean over seeds, exact: many lie on the edge between two numbers as printed."""
        return mean(self.values)

    @cached_property
    def spread(self) -> float | None:
        """Sample standard deviation over seeds; None for a single seed."""
        if len(self.values) == 1:
            return None
        squares = fsum((value - self.mean) ** 2 for value in self.values)
        return sqrt(squares / (len(self.values) - 1))

    def minus(self, other: "Score") -> "Score":
        """Return the differences to a score over the same seeds, seed by seed."""
        return Score(tuple(a - b for a, b in zip(self.values, other.values, strict=True)))


class RunScores:
    """Metrics of runs, each computed when it is first asked for."""

    def __init__(self, runs: Runs, metrics: Mapping[str, Metric], classes: int) -> None:
        """Keep what they are computed from.

        Args:
            runs: with their predictions.
            metrics: by name.
            classes: number of classes.
        """
        self.runs = runs
        self.metrics = metrics
        self.classes = classes
        self._computed: dict[Scored, Reals] = {}

    @property
    def available(self) -> list[Scored]:
        """What can be computed: records hold no probabilities for source speech.

        Of a role without test speech, the source of a protocol that has none, nothing.
        """
        return [
            (role, name)
            for role in self._tested
            for name, metric in self.metrics.items()
            if role == "target" or not metric.needs_probabilities
        ]

    @cached_property
    def _tested(self) -> tuple[Role, ...]:
        rows = range(len(self.runs))
        found = tuple(r for r in ROLES if any(len(self.runs.test_set(i, r)) for i in rows))
        return found or ROLES  # of no runs

    def of(self, scored: Scored) -> Reals:
        """Return a metric of each run, percent, shape (runs,); NaN where it is not defined."""
        if scored not in self._computed:
            self._computed[scored] = self._compute(*scored)
        return self._computed[scored]

    def by_corpus(
        self, seeds: Sequence[Sequence[int]], role: Role, metric: str
    ) -> Mapping[str, Score]:
        """Return a metric of a row on each corpus of a role.

        Args:
            seeds: positions of the row's runs, by seed.
            role: of the test speech.
            metric: its name.
        """
        by_seed: dict[str, dict[int, list[float]]] = {}
        for number, positions in enumerate(seeds):
            for i in positions:
                values = 100 * self._of_test_set(role, metric, [i], by_corpus=True)[0]
                corpora = self.runs.test_set(i, role).corpora
                for corpus, value in zip(corpora, values.tolist(), strict=True):
                    by_seed.setdefault(corpus, {}).setdefault(number, []).append(value)
        return {c: Score(tuple(map(_mean, of.values()))) for c, of in by_seed.items()}

    def _compute(self, role: Role, name: str) -> Reals:
        frame = self.runs.frame
        if (stated := f"score_{role}_{name}") in frame:  # checked when the records were read
            return 100 * frame[stated].to_numpy(np.float64)
        values = np.full(len(frame), np.nan)
        together: dict[tuple[TestSet, bool], list[int]] = {}
        averaged = (frame["source_figure"] == "mean over corpora").tolist()
        for i in range(len(frame)):
            by_corpus = role == "source" and averaged[i]
            together.setdefault((self.runs.test_set(i, role), by_corpus), []).append(i)
        for (test_set, by_corpus), members in together.items():
            if len(test_set.truth):
                of_parts = self._of_test_set(role, name, members, by_corpus)
                values[members] = mean_defined(of_parts)
        return 100 * values

    def _of_test_set(self, role: Role, name: str, members: Sequence[int], by_corpus: bool) -> Reals:
        """Return a metric of runs on one test set, 0 to 1.

        Returns:
            shape (runs, corpora), or (runs, 1) for all corpora pooled.
        """
        metric, runs = self.metrics[name], self.runs
        test_set = runs.test_set(members[0], role)
        truth = test_set.truth.astype(np.int64)
        values: list[Reals] = []
        done, at_once = 0, 1
        while done < len(members):
            some = members[done : done + at_once]
            probabilities = None
            if metric.needs_probabilities:
                levels = [levels for i in some if (levels := runs.levels(i, role)) is not None]
                probabilities = probabilities_of([level[None] for level in levels])
            predicted = np.stack([runs.predicted(i, role) for i in some])
            statistics = metric.statistics(truth, predicted, probabilities, self.classes)
            sums = (
                sums_by(test_set.corpus_index, statistics)
                if by_corpus
                else total(statistics)[:, None]
            )
            values.append(metric.value(sums))
            done += len(some)
            at_once = max(1, _AT_ONCE // (len(truth) * statistics.shape[-1]))
        return np.concatenate(values)


class RowScores(Mapping[Scored, Score]):
    """The scores of a row, by role and metric; each is computed when it is first asked for."""

    def __init__(self, scores: RunScores, seeds: Sequence[Sequence[int]]) -> None:
        """Choose runs.

        Args:
            scores: of all runs.
            seeds: positions of the row's runs, by seed: a seed has one run per fold.
        """
        self._scores = scores
        self._seeds = [list(positions) for positions in seeds]
        self._known: dict[Scored, Score] = {}

    def __getitem__(self, scored: Scored) -> Score:
        if scored not in self._scores.available:
            raise KeyError(scored)
        if scored not in self._known:
            values = self._scores.of(scored)
            means = (_mean(values[positions].tolist()) for positions in self._seeds)
            self._known[scored] = Score(tuple(means))
        return self._known[scored]

    def by_corpus(self, role: Role, metric: str) -> Mapping[str, Score]:
        """Return a metric on each corpus of a role."""
        return self._scores.by_corpus(self._seeds, role, metric)

    def __iter__(self) -> Iterator[Scored]:
        return iter(self._scores.available)

    def __len__(self) -> int:
        return len(self._scores.available)


def _mean(values: Sequence[float]) -> float:
    """Return the mean over the folds of a seed in which a metric is defined; NaN if in none."""
    defined = [value for value in values if not isnan(value)]
    return mean(defined) if defined else nan
