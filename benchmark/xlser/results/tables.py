"""From records to the rows of a leaderboard."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import fsum, sqrt
from pathlib import Path
from statistics import mean

import numpy as np

from xlser.errors import RecordError
from xlser.files import digest_json
from xlser.metrics import Scores, majority_rate
from xlser.protocols import Labels, Protocol
from xlser.records import MethodStamp, Predictions, Record, Role
from xlser.results.answers import Answers
from xlser.results.spent import Spent
from xlser.results.statistics import Resampled, resample


@dataclass(frozen=True)
class Score:
    """A figure over seeds, in percent.

    Attributes:
        values: one a seed.
    """

    values: tuple[float, ...]

    @classmethod
    def of(cls, shares: Iterable[float]) -> "Score":
        """Make a figure of shares (0 to 1), one a seed."""
        return cls(tuple(100 * share for share in shares))

    @classmethod
    def average(cls, figures: Iterable["Score"]) -> "Score":
        """Return the mean of several figures (say, of languages), seed by seed."""
        return cls(tuple(map(mean, zip(*(f.values for f in figures), strict=True))))

    @cached_property
    def mean(self) -> float:
        """Mean over seeds, exact: many lie on the edge between two figures as printed."""
        return mean(self.values)

    @cached_property
    def spread(self) -> float | None:
        """Sample standard deviation over seeds; None for a single seed."""
        if len(self.values) == 1:
            return None
        squares = fsum((value - self.mean) ** 2 for value in self.values)
        return sqrt(squares / (len(self.values) - 1))

    def minus(self, other: "Score") -> "Score":
        """Return the differences to a figure over the same seeds, seed by seed."""
        return Score(tuple(a - b for a, b in zip(self.values, other.values, strict=True)))


@dataclass(frozen=True, order=True)
class Condition:
    """What rows must have in common to stand in one table.

    Attributes:
        partial: whether corpora or utterances were left out; complete tables come first.
        track: fine-tune or frozen.
        backbone: its name.
        weights: their git blob id, "random" or "none".
        precision: of training.
        source: corpora that trained.
        absent: corpora of the protocol's source that were not there.
        excluded: utterances left out, as `corpus/name`.
    """

    partial: bool
    track: str
    backbone: str
    weights: str
    precision: str
    source: tuple[str, ...]
    absent: tuple[str, ...]
    excluded: tuple[str, ...]

    @classmethod
    def of(cls, record: Record) -> "Condition":
        """Return the setting of a record."""
        return cls(
            partial=not record.complete,
            track=record.track,
            backbone=record.backbone.name,
            weights=record.backbone.weights,
            precision=record.precision,
            source=record.source_corpora,
            absent=record.absent_corpora,
            excluded=tuple(f"{c}/{n}" for c, names in record.excluded.items() for n in names),
        )

    @property
    def title(self) -> str:
        """All of it, for headings."""
        parts = [f"{self.track} track", f"{self.backbone} (weights {self._short_weights})"]
        parts.append(self.precision)
        if self.absent:
            parts.append(f"partial source: {', '.join(self.source)}")
        if self.excluded:
            parts.append(f"excluded: {', '.join(self.excluded)}")
        return "; ".join(parts)

    @property
    def slug(self) -> str:
        """All of it, for names of files; what is usual (no weights to name, fp32) goes unsaid."""
        parts = [self.track, self.backbone]
        if self.weights != "none":
            parts.append(self._short_weights)
        if self.precision != "fp32":
            parts.append(self.precision)
        if self.absent:
            parts += ["without", *self.absent]
        if self.excluded:
            parts += ["excluding", digest_json(self.excluded)[:6]]
        return "-".join(parts)

    @property
    def _short_weights(self) -> str:
        return self.weights if self.weights in ("random", "none") else self.weights[:8]


@dataclass(frozen=True)
class Row:
    """A method at a label budget, over the seeds there are.

    Attributes:
        method: name, followed by the settings that differ from the defaults.
        labels: budget.
        bound: whether it sees all target labels, and so is shown apart.
        seeds: those recorded.
        planned: those of the protocol.
        scores: by role and figure of merit.
        answers: to the target's test utterances.
        resampled: the headline figure on the target, over resamples of its test speakers.
    """

    method: str
    labels: Labels
    bound: bool
    seeds: tuple[int, ...]
    planned: tuple[int, ...]
    scores: dict[tuple[Role, str], Score]
    answers: Answers
    resampled: Resampled

    @property
    def complete(self) -> bool:
        """Whether every seed of the protocol is recorded."""
        return self.seeds == self.planned

    @property
    def ranked(self) -> bool:
        """Whether it may have a rank."""
        return self.complete and not self.bound


@dataclass(frozen=True)
class Table:
    """The comparable rows of one target, best first within each label budget.

    Attributes:
        target: language.
        setting: what the rows have in common.
        rows: by label budget, then by the protocol's headline figure; the bounds come last.
        majority: accuracy of always answering the most frequent class, percent, mean over seeds.
        spent: on the runs of all rows.
    """

    target: str
    condition: Condition
    rows: tuple[Row, ...]
    majority: float
    spent: tuple[Spent, ...]


def read_records(
    results: Path, read: Callable[[Path], Record] = Record.read
) -> Iterator[tuple[Path, Record]]:
    """Read every record under `results` once, one at a time, in the order of their paths.

    Args:
        results: folder of records.
        read: how; `Record.parse` believes the figures they state, which takes half the time.

    Raises:
        RecordError: a file is not a record, or its figures are not those of its predictions.
    """
    return ((path, read(path)) for path in sorted(results.rglob("*.json")))


def tables(protocol: Protocol, records: Iterable[tuple[Path, Record]]) -> list[Table]:
    """Arrange the records of `protocol` in tables, by target and setting.

    Raises:
        RecordError: a record is of another protocol or version, two claim the same cell, or seeds
            of a row were run on different recordings, or utterances are none of their corpus.
    """
    order = {target: i for i, target in enumerate(protocol.targets)}
    return [
        _table(protocol, target, setting, table)
        for (target, setting), table in sorted(
            _begin(protocol, records).items(), key=lambda item: (order[item[0][0]], item[0][1])
        )
    ]


def require_tables(protocol: Protocol, records: Iterable[tuple[Path, Record]]) -> None:
    """Raise what `tables` would raise, without making any."""
    _begin(protocol, records)


@dataclass(frozen=True)
class _Result:
    """What a row needs of a record; the rest, most of all what was said to English, is let go."""

    path: Path
    method: MethodStamp
    labels: Labels
    seed: int
    corpora: Mapping[str, str]
    scores: Mapping[Role, Scores]
    predictions: Sequence[Predictions]


@dataclass
class _Begun:
    """A table in the making.

    Attributes:
        rows: results by seed, by what makes a row.
        majority: share of the most frequent class, 0 to 1, by seed.
        spent: on each run.
    """

    rows: dict[tuple[str, str, str], dict[int, _Result]] = field(default_factory=dict)
    majority: dict[int, float] = field(default_factory=dict)
    spent: list[Spent] = field(default_factory=list)

    def add(self, path: Path, record: Record) -> None:
        """Add a record, if it fits with those that are there."""
        seeds = self.rows.setdefault(_row_key(record), {})
        if record.seed in seeds:
            raise RecordError(
                f"{path} and {seeds[record.seed].path} are records of the same cell, made "
                "from different recordings or versions.",
                "Keep the one you mean and delete the other.",
            )
        for other in seeds.values():
            _require_same_recordings(record, other)
        seeds[record.seed] = _Result(
            path=path,
            method=record.method,
            labels=record.labels,
            seed=record.seed,
            corpora=record.corpora,
            scores=record.scores,
            predictions=record.of_role("target"),
        )
        self.spent.append(Spent.of(record))
        if record.seed not in self.majority:
            truth = np.concatenate([part.truth for part in record.of_role("target")])
            self.majority[record.seed] = majority_rate(truth)


def _begin(
    protocol: Protocol, records: Iterable[tuple[Path, Record]]
) -> dict[tuple[str, Condition], _Begun]:
    """Sort records by target and setting, and look whether they fit together.

    A repeat of a run stands in no row.
    """
    begun: dict[tuple[str, Condition], _Begun] = {}
    for path, record in records:
        _require_protocol(path, record, protocol)
        if record.repeat:
            continue
        begun.setdefault((record.target, Condition.of(record)), _Begun()).add(path, record)
    return begun


def _require_protocol(path: Path, record: Record, protocol: Protocol) -> None:
    if (record.protocol, record.protocol_digest) != (protocol.name, protocol.digest):
        raise RecordError(
            f"{path} was made under {record.protocol} version {record.protocol_version} "
            f"({record.protocol_digest[:8]}), not {protocol.name} version {protocol.version} "
            f"({protocol.digest[:8]}).",
            "Figures of different protocols are not comparable: move the record away.",
        )


def _require_same_recordings(record: Record, other: _Result) -> None:
    if record.corpora != other.corpora:
        seeds = sorted((record.seed, other.seed))
        raise RecordError(
            f"Seeds {seeds[0]} and {seeds[1]} of {record.method.name} on {record.target} "
            "were run on different recordings (their content digests differ).",
            "Delete the records of the recordings you no longer mean and run them again.",
        )


def _row_key(record: Record) -> tuple[str, str, str]:
    return (record.method.name, repr(sorted(record.method.settings.items())), str(record.labels))


def _table(protocol: Protocol, target: str, setting: Condition, begun: _Begun) -> Table:
    results = [[s[seed] for seed in sorted(s)] for s in begun.rows.values()]
    classes = len(protocol.classes)
    answers = [Answers.of([r.predictions for r in of_row], classes) for of_row in results]
    resampled = resample(answers, protocol.headline)
    rows = [_row(protocol, *of_row) for of_row in zip(results, answers, resampled, strict=True)]

    def order(row: Row) -> tuple[bool, int, float, str]:
        budget = 0 if row.labels == "all" else row.labels
        return (row.bound, budget, -row.scores["target", protocol.headline].mean, row.method)

    rates = [100 * rate for rate in begun.majority.values()]
    spent = tuple(begun.spent)
    return Table(target, setting, tuple(sorted(rows, key=order)), mean(rates), spent)


def _row(
    protocol: Protocol, results: Sequence[_Result], answers: Answers, resampled: Resampled
) -> Row:
    """Return the row of results of one method at one budget, in the order of their seeds."""
    method = results[0].method
    scores = [result.scores for result in results]
    return Row(
        method=_title(method),
        labels=results[0].labels,
        bound=method.target_labels == "all",
        seeds=tuple(result.seed for result in results),
        planned=protocol.seeds,
        scores={
            (role, name): Score.of(getattr(score[role], name) for score in scores)
            for role in scores[0]
            for name in ("ua", "accuracy")
        },
        answers=answers,
        resampled=resampled,
    )


def _title(method: MethodStamp) -> str:
    if not method.changed:
        return method.name
    return f"{method.name} ({', '.join(f'{k}={method.settings[k]}' for k in method.changed)})"
