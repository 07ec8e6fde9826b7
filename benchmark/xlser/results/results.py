"""All results of one protocol: one frame, and what is computed from it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from xlser.errors import RecordError
from xlser.metrics import Metric, get_metric, metrics_for
from xlser.protocols import Labels, Protocol
from xlser.records.runs_table import Runs
from xlser.records.soundness.readable import sound_runs
from xlser.results.comparison import Comparison, compare
from xlser.results.cost import cost
from xlser.results.predictions import over_classes
from xlser.results.rows import ROW, arrange, marks_of
from xlser.results.scores import RunScores
from xlser.results.spread import spread
from xlser.results.summary import Summary, summarise
from xlser.results.tables import Table, grouped, make_tables
from xlser.results.unlabelled import unlabelled_columns
from xlser.system.kept import kept

_OF_RUNS = (
    "row", "method", "package", "target", "labels", "condition", "track", "backbone", "weights",
    "precision", "seed", "fold", "repeat", "marks", "key", "path", "started", "seconds_fit",
    "seconds_predict", "device", "best_epoch",
)  # fmt: skip

_OF_NOTES = (
    "row", "target", "labels", "other_recordings", "versions", "seed", "fold", "doubled", "path",
)  # fmt: skip


@dataclass(frozen=True)
class Note:
    """Something about rows that a reader must know.

    Attributes:
        kind: what it is about.
        row: what tables call the row.
        target: language.
        labels: budget.
        detail: the corpora, versions, seeds or files.
    """

    kind: Literal["other recordings", "mixed versions", "missing seeds", "same run twice"]
    row: str
    target: str
    labels: Labels
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.row}, {self.target}, {self.labels} labels: {self.detail}"


class Results:
    """The results of one protocol.

    Attributes:
        protocol: of the results.
        runs: all that is recorded.
        metrics: registered ones by name.
        failures: runs that `xlser.run` has just tried and that failed: each with `run`, `message`,
            `trace` and `again`, how to repeat it.
        left_out: records that are not among the runs, with the reason.
    """

    def __init__(
        self,
        protocol: Protocol,
        runs: Runs,
        failures: Sequence[Mapping[str, Any]] = (),
        left_out: Sequence[tuple[Path, str]] = (),
    ) -> None:
        """Take runs.

        Args:
            protocol: under which they were made.
            runs: as `xlser.records.store.read_runs` returns them.
            failures: of runs that left no record.
            left_out: records that are not among the runs, with the reason.

        Raises:
            RecordError: a record is of another protocol, or of another version of it.
        """
        require_protocol(protocol, runs.frame)
        self.protocol = protocol
        self.runs = runs
        self.failures = tuple(failures)
        self.left_out = tuple(left_out)
        self.metrics: Mapping[str, Metric] = metrics_for(protocol.classes)
        over = over_classes(runs, protocol.classes)
        self._scores = RunScores(over, self.metrics, len(protocol.classes))

    @cached_property
    def arranged(self) -> pd.DataFrame:
        """The runs, with the columns that assign each to a row (see `arrange`)."""
        return arrange(self.runs.frame)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row for each run, role and metric; docs/results.md explains the columns."""
        runs = self.arranged
        about = runs.assign(
            condition=[condition.slug for condition in runs["condition"]],
            marks=[
                "; ".join(marks_of(others, versions))
                for others, versions in zip(runs["other_recordings"], runs["versions"], strict=True)
            ],
            path=runs["path"].map(str),
            best_epoch=[1 + np.argmax(of["ua"]) if of else np.nan for of in runs["curve"]],
        )[list(_OF_RUNS)]
        stated = unlabelled_columns(runs["unlabelled"].tolist()).set_axis(runs.index)
        about = pd.concat([about, stated], axis=1)
        parts = [
            about.assign(role=role, metric=name, value=self._scores.of((role, name)))
            for role, name in self._scores.available
        ]
        tidy = pd.concat(parts).sort_index(kind="stable").dropna(subset="value")
        return tidy.reset_index(drop=True)

    def tables(self, metric: str | None = None) -> Sequence[Table]:
        """Return the rows of each target and condition, best first within each label budget.

        Args:
            metric: to order and to resample by; the protocol's headline by default.

        Raises:
            UnknownNameError: no such metric.
            RecordError: the name of an utterance is not one of its corpus.
        """
        return self._tables(metric or self.protocol.headline)

    @kept
    def _tables(self, metric: str) -> Sequence[Table]:
        chosen = get_metric(metric, self.protocol.classes)
        return make_tables(self.protocol, self.arranged, self._scores, chosen)

    def summaries(self, metric: str | None = None) -> Sequence[Summary]:
        """Return the means over targets of each condition that has several.

        Args:
            metric: to average; the protocol's headline by default.
        """
        return self._summaries(metric or self.protocol.headline)

    @kept
    def _summaries(self, metric: str) -> Sequence[Summary]:
        return summarise(self.tables(metric), self.protocol.first_budgets)

    def compare(
        self,
        a: str,
        b: str,
        *,
        targets: Collection[str] = (),
        labels: Collection[Labels] = (),
        metric: str | None = None,
    ) -> Comparison:
        """Compare two methods wherever both have comparable rows.

        Args:
            a: name of the first method, as the tables show it.
            b: name of the second.
            targets: languages to look at; all if empty.
            labels: budgets to look at; all if empty.
            metric: to compare; the protocol's headline by default.

        Raises:
            UnknownNameError: no such row, target or metric.
            RecordError: there is no target and label budget at which both have records.
        """
        return compare(self.protocol, self.tables(metric), a, b, targets, labels)

    def spread(self, metric: str | None = None) -> pd.DataFrame:
        """Return how far runs lie apart by training, label draw and speakers.

        A row for each method, target and label budget that has repeats (`xlser.results.spread`).

        Args:
            metric: on the target; the protocol's headline by default.

        Raises:
            UnknownNameError: no such metric.
        """
        chosen = get_metric(metric or self.protocol.headline, self.protocol.classes)
        return spread(
            self.arranged.assign(
                condition=[condition.slug for condition in self.arranged["condition"]],
                value=self._scores.of(("target", chosen.name)),
            )
        )

    def cost(self) -> pd.DataFrame:
        """Return what the runs of the tables took, one row per condition and machine."""
        return cost(self.runs_by_condition)

    @cached_property
    def runs_by_condition(self) -> Mapping[str, pd.DataFrame]:
        """The runs of the tables, by the title of their condition, in the order of the tables."""
        shown = self.arranged[~self.arranged["doubled"]]
        order = {target: i for i, target in enumerate(self.protocol.targets)}
        keys = list(zip(shown["target"].map(order), shown["condition"], shown.index, strict=True))
        by_title: dict[str, list[int]] = {}
        for _, condition, i in sorted(keys):
            by_title.setdefault(condition.title, []).append(i)
        return {title: shown.loc[members] for title, members in by_title.items()}

    @cached_property
    def notes(self) -> Sequence[Note]:
        """What sets rows apart from others, in the order of the runs."""
        needed = [*dict.fromkeys((*ROW, *_OF_NOTES))]
        once = self.arranged.loc[self.arranged["repeat"] == 0, needed]
        rows = grouped(once.itertuples(name="Run"), ROW)
        return [note for _, runs in rows for note in self._notes_of(runs)]

    def _notes_of(self, runs: Sequence[Any]) -> list[Note]:
        first = runs[0]
        of_row = first.row, first.target, first.labels
        found = []
        if first.other_recordings:
            found.append(Note("other recordings", *of_row, first.other_recordings))
        if first.versions:
            found.append(Note("mixed versions", *of_row, first.versions))
        recorded = {(run.seed, run.fold) for run in runs}
        if missing := [cell for cell in self.protocol.cells if cell not in recorded]:
            found.append(Note("missing seeds", *of_row, self._in_words(missing)))
        if doubled := [str(run.path) for run in runs if run.doubled]:
            found.append(Note("same run twice", *of_row, f"{', '.join(doubled)} is left out"))
        return found

    def _in_words(self, cells: Sequence[tuple[int, int]]) -> str:
        folds = self.protocol.folds > 1
        return ", ".join(f"{seed} (fold {fold})" if folds else str(seed) for seed, fold in cells)

    def __repr__(self) -> str:
        rows = len({*self.arranged[list(ROW)].itertuples(index=False, name=None)})
        return f"<Results of {self.protocol.name}: {len(self.runs)} runs in {rows} rows>"


def load(protocol: Protocol, folder: Path) -> Results:
    """Read the results of a protocol, each record once.

    Args:
        protocol: of the records.
        folder: of leaderboards; the records are below `<folder>/<protocol>/results`.

    Raises:
        RecordError: all records are of another protocol.
    """
    runs, left_out = runs_of(protocol, folder / protocol.name / "results")
    return Results(protocol, runs, left_out=left_out)


def runs_of(protocol: Protocol, results: Path) -> tuple[Runs, list[tuple[Path, str]]]:
    """Read the records of a protocol; return also those left out, each with the reason.

    Left out are records that cannot be read, whose scores are not those of their predictions, that
    contradict themselves, or that are of another protocol.

    Args:
        protocol: of the records.
        results: folder of records.

    Raises:
        RecordError: all records are of another protocol.
    """
    runs, left_out = sound_runs(results)
    columns = runs.frame[["protocol", "protocol_digest", "target"]]
    of_protocol = [
        (name, digest) == (protocol.name, protocol.digest) and target in protocol.targets
        for name, digest, target in columns.itertuples(index=False, name=None)
    ]
    if all(of_protocol) or not any(of_protocol):
        require_protocol(protocol, runs.frame)
        return runs, left_out
    foreign = [i for i, its in enumerate(of_protocol) if not its]
    paths = runs.frame["path"]
    what = f"It is not of {protocol.name} version {protocol.version} ({protocol.digest[:8]})."
    return runs.without(foreign), sorted([*left_out, *((paths[i], what) for i in foreign)])


def require_protocol(protocol: Protocol, runs: pd.DataFrame) -> None:
    """Refuse runs of another protocol.

    Args:
        protocol: of which they must be.
        runs: `Runs.frame`.

    Raises:
        RecordError: one is of another protocol, of another version of it, or of a target that it
            does not have.
    """
    foreign = (runs["protocol"] != protocol.name) | (runs["protocol_digest"] != protocol.digest)
    if foreign.any():
        run = runs[foreign].iloc[0]
        raise RecordError(
            f"{run['path']} was made under {run['protocol']} version {run['protocol_version']} "
            f"({run['protocol_digest'][:8]}), not {protocol.name} version {protocol.version} "
            f"({protocol.digest[:8]}).",
            "Scores of different protocols are not comparable: move the record away.",
        )
    strange = ~runs["target"].isin(protocol.targets)
    if strange.any():
        run = runs[strange].iloc[0]
        raise RecordError(
            f"{run['path']} states the target {run['target']!r}, which {protocol.name} does not "
            "have.",
            f"Its targets: {', '.join(protocol.targets)}. Move the record away; `xlser validate` "
            "names what else is wrong with it.",
        )
