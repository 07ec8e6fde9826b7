"""From records to the rows of a leaderboard."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from xlser.errors import RecordError
from xlser.files import digest_json
from xlser.protocols import Labels, Protocol, majority_rate
from xlser.runs import MethodStamp, Record, Role


@dataclass(frozen=True)
class Figure:
    """A figure over seeds, in percent.

    Attributes:
        values: one a seed.
    """

    values: tuple[float, ...]

    @classmethod
    def of(cls, shares: Iterable[float]) -> "Figure":
        """Make a figure of shares (0 to 1), one a seed."""
        return cls(tuple(100 * share for share in shares))

    @classmethod
    def average(cls, figures: Iterable["Figure"]) -> "Figure":
        """Return the mean of several figures (say, of languages), seed by seed."""
        return cls(tuple(map(mean, zip(*(f.values for f in figures), strict=True))))

    @property
    def mean(self) -> float:
        """Mean over seeds."""
        return mean(self.values)

    @property
    def spread(self) -> float | None:
        """Sample standard deviation over seeds; None for a single seed."""
        return stdev(self.values) if len(self.values) > 1 else None

    def minus(self, other: "Figure") -> "Figure":
        """Return the differences to a figure over the same seeds, seed by seed."""
        return Figure(tuple(a - b for a, b in zip(self.values, other.values, strict=True)))


@dataclass(frozen=True, order=True)
class Setting:
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
    def of(cls, record: Record) -> "Setting":
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
        figures: by role and figure of merit.
    """

    method: str
    labels: Labels
    bound: bool
    seeds: tuple[int, ...]
    planned: tuple[int, ...]
    figures: dict[tuple[Role, str], Figure]

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
    """

    target: str
    setting: Setting
    rows: tuple[Row, ...]
    majority: float


def read_records(results: Path) -> list[tuple[Path, Record]]:
    """Read every record under `results`, in the order of their paths.

    Raises:
        RecordError: a file is not a record, or its figures are not those of its predictions.
    """
    return [(path, Record.read(path)) for path in sorted(results.rglob("*.json"))]


def tables(protocol: Protocol, records: Iterable[tuple[Path, Record]]) -> list[Table]:
    """Arrange the records of `protocol` in tables, by target and setting.

    Raises:
        RecordError: a record is of another protocol or version, or two claim the same cell.
    """
    cells: dict[tuple[str, Setting], dict[tuple[str, str, str], dict[int, Record]]] = {}
    paths: dict[str, Path] = {}
    for path, record in records:
        _require_protocol(path, record, protocol)
        paths[record.key] = path
        row = cells.setdefault((record.target, Setting.of(record)), {})
        seeds = row.setdefault(_row_key(record), {})
        if record.seed in seeds:
            raise RecordError(
                f"{path} and {paths[seeds[record.seed].key]} are records of the same cell, made "
                "from different recordings or versions.",
                "Keep the one you mean and delete the other.",
            )
        seeds[record.seed] = record
    order = {target: i for i, target in enumerate(protocol.targets)}
    return [
        _table(protocol, target, setting, rows)
        for (target, setting), rows in sorted(
            cells.items(), key=lambda item: (order[item[0][0]], item[0][1])
        )
    ]


def _require_protocol(path: Path, record: Record, protocol: Protocol) -> None:
    if (record.protocol, record.protocol_digest) != (protocol.name, protocol.digest):
        raise RecordError(
            f"{path} was made under {record.protocol} version {record.protocol_version} "
            f"({record.protocol_digest[:8]}), not {protocol.name} version {protocol.version} "
            f"({protocol.digest[:8]}).",
            "Figures of different protocols are not comparable: move the record away.",
        )


def _row_key(record: Record) -> tuple[str, str, str]:
    return (record.method.name, repr(sorted(record.method.settings.items())), str(record.labels))


def _table(
    protocol: Protocol,
    target: str,
    setting: Setting,
    cells: dict[tuple[str, str, str], dict[int, Record]],
) -> Table:
    rows = [_row(protocol, list(seeds.values())) for seeds in cells.values()]

    def order(row: Row) -> tuple[bool, int, float, str]:
        budget = 0 if row.labels == "all" else row.labels
        return (row.bound, budget, -row.figures["target", protocol.headline].mean, row.method)

    first_of_seed = {seed: record for seeds in cells.values() for seed, record in seeds.items()}
    rates = [100 * majority_rate(r.of_role("target")[0].truth) for r in first_of_seed.values()]
    return Table(target, setting, tuple(sorted(rows, key=order)), mean(rates))


def _row(protocol: Protocol, records: list[Record]) -> Row:
    records.sort(key=lambda record: record.seed)
    first = records[0]
    for other in records[1:]:
        if other.corpora != first.corpora:
            raise RecordError(
                f"Seeds {first.seed} and {other.seed} of {first.method.name} on {first.target} "
                "were run on different recordings (their content digests differ).",
                "Delete the records of the recordings you no longer mean and run them again.",
            )
    scores = [dict(record.scores) for record in records]
    return Row(
        method=_title(first.method),
        labels=first.labels,
        bound=first.method.target_labels == "all",
        seeds=tuple(record.seed for record in records),
        planned=protocol.seeds,
        figures={
            (role, name): Figure.of(getattr(score[role], name) for score in scores)
            for role in scores[0]
            for name in ("ua", "accuracy")
        },
    )


def _title(method: MethodStamp) -> str:
    if not method.changed:
        return method.name
    return f"{method.name} ({', '.join(f'{k}={method.settings[k]}' for k in method.changed)})"
