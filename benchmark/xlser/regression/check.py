"""Holding results against a reference, within what another random draw would change.

A reference is a folder of leaderboards with several repeats of each cell: runs of the same method
on the same split that differ in their random draws alone. The spread of the repeats bounds how
far a run of an unchanged method may lie from them. docs/check.md has the reasons, and how often an
unchanged method is called changed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev, variance
from typing import Any, Literal

from tabulate import tabulate

from xlser.errors import RecordError
from xlser.records import Record, Role
from xlser.records.store import read_records
from xlser.records.validate import identity
from xlser.system.files import digest_json

LEVEL = 0.01
"""Chance that a whole check calls unchanged methods changed; all its figures share it."""

_ROUNDING = 1e-9  # percent

Verdict = Literal["holds", "below", "above"]


@dataclass(frozen=True, eq=False)
class Cell:
    """What is run anew, and how it came out so far.

    Attributes:
        repeats: records, at least one, that differ in their random draws alone.
    """

    repeats: tuple[Record, ...]

    @property
    def asked(self) -> dict[str, Any]:
        """What one asks `xlser run` for to get this cell."""
        return _asked(self.repeats[0])

    @property
    def title(self) -> str:
        """All of that, for people."""
        asked = self.asked
        settings = [f"{name}={value}" for name, value in asked["settings"].items()]
        fold = f" f={asked['fold']}" if "fold" in asked else ""
        method = asked["method"] + (f" ({', '.join(settings)})" if settings else "")
        return (
            f"{asked['protocol']} {asked['target']} {method} k={asked['labels']} "
            f"s={asked['seed']}{fold}, {asked['track']} {asked['backbone']} {asked['precision']}"
        )

    def unlike(self, now: Mapping[str, Any]) -> str | None:
        """Return why a run cannot be compared with the repeats; None where it can.

        Args:
            now: what defines the run (`Run.identity`).
        """
        then: Mapping[str, Any] = identity(self.repeats[0])
        if now["protocol"] != then["protocol"]:
            return "The protocol is not of the version that the reference was made under."
        if now["content"] != then["content"]:
            return f"The recordings are others: {_differing(then['content'], now['content'])}."
        if now["scenario"] != then["scenario"]:
            return "Other utterances train, are labelled or are tested."
        if now["backbone"] != then["backbone"]:
            weights = f"{now['backbone'][1][:8]}, not {then['backbone'][1][:8]}"
            return f"The backbone's weights are others ({weights})."
        return None


Now = Record | str
"""The record of a cell as it comes out now, or why there is none."""


@dataclass(frozen=True)
class CheckedFigure:
    """One figure of a cell, then and now, in percent.

    Attributes:
        cell: that it belongs to.
        role: of the test speech, "target" or "source".
        name: "ua" or "accuracy".
        repeats: values of the reference, one per repeat.
        now: value of this run.
        utterance: the most by which one test utterance can change it.
        drawn: whether predictions of the repeats differ, even if no score does.
        level: significance level of its test, a share of `LEVEL`.
    """

    cell: Cell
    role: Role
    name: str
    repeats: tuple[float, ...]
    now: float
    utterance: float
    drawn: bool
    level: float = LEVEL

    @property
    def mean(self) -> float:
        """Of the repeats."""
        return fmean(self.repeats)

    @property
    def spread(self) -> float | None:
        """Sample standard deviation over the repeats; None for a single one."""
        return stdev(self.repeats) if len(self.repeats) > 1 else None

    @property
    def tolerance(self) -> float:
        """How far from the mean it may lie; what one utterance is worth at the least."""
        if not self.drawn:
            return self.utterance
        return max(self.utterance, prediction_interval(self.repeats, self.utterance, self.level))

    @property
    def verdict(self) -> Verdict:
        """Whether it holds; better than expected is a change as well."""
        change = self.now - self.mean
        if abs(change) <= self.tolerance + _ROUNDING:
            return "holds"
        return "above" if change > 0 else "below"


@dataclass(frozen=True)
class Check:
    """How results stand to their reference.

    Attributes:
        figures: all that can be compared.
        obstacles: cells that cannot be compared, and why.
        remarks: what else is different, a sentence each.
    """

    figures: Sequence[CheckedFigure]
    obstacles: Sequence[tuple[Cell, str]]
    remarks: Sequence[str]

    @property
    def passed(self) -> bool:
        """Whether everything was compared and holds."""
        return not self.obstacles and all(figure.verdict == "holds" for figure in self.figures)

    def __str__(self) -> str:
        """Return a table and, at its end, a sentence."""
        rows = [_row(figure) for figure in self.figures]
        table = [tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True)]
        lacking = [f"{cell.title}: not compared. {why}" for cell, why in self.obstacles]
        return "\n".join([*(table if rows else []), *lacking, *self.remarks, _sentence(self)])


def reference_cells(folder: Path) -> list[Cell]:
    """Return the cells of a reference.

    Args:
        folder: of leaderboards, or of one.

    Raises:
        RecordError: it holds no records, or one whose figures are not those of its predictions.
    """
    cells: dict[str, dict[str, Record]] = {}
    for record in _records(folder):
        if record.draw:  # of other labelled utterances: no repeat of the cell
            continue
        first = record.model_copy(update={"repeat": 0})
        cells.setdefault(digest_json(identity(first)), {})[record.key] = record
    if not cells:
        raise RecordError(
            f"There are no reference records at {folder}.",
            "Make some: `xlser run METHOD --protocol demo --target german --seeds 0 --repeats 10 "
            f"--leaderboards {folder}`.",
        )
    return [Cell(tuple(repeats.values())) for repeats in cells.values()]


def take(cells: Sequence[Cell], folder: Path) -> list[Now]:
    """Find the cells' records in a folder of leaderboards; of several, the one made last.

    Raises:
        RecordError: a record's figures are not those of its predictions.
    """
    found: dict[str, Record] = {}
    for record in _records(folder):
        cell = digest_json(_asked(record))
        if not record.repeat and (cell not in found or record.started > found[cell].started):
            found[cell] = record
    return [
        found.get(digest_json(cell.asked), f"There is no record of it in {folder}.")
        for cell in cells
    ]


def hold(cells: Sequence[Cell], now: Sequence[Now]) -> Check:
    """Compare each cell with how it comes out now.

    Args:
        cells: of the reference.
        now: one a cell.
    """
    obstacles: list[tuple[Cell, str]] = []
    figures: list[CheckedFigure] = []
    remarks: list[str] = []
    for cell, record in zip(cells, now, strict=True):
        why = record if isinstance(record, str) else cell.unlike(identity(record))
        if isinstance(record, str) or why:
            obstacles.append((cell, str(why)))
        else:
            figures += _figures(cell, record)
            remarks += _other_settings(cell, record)
    # What is not drawn has no share of the level: its tolerance does not depend on it.
    drawn = sum(figure.drawn for figure in figures)
    shared = [replace(figure, level=LEVEL / max(drawn, 1)) for figure in figures]
    return Check(shared, obstacles, remarks)


def prediction_interval(repeats: Sequence[float], step: float, level: float) -> float:
    """Return how far from the mean of `repeats` a further one may lie.

    Half the width of the prediction interval of a normal distribution (Hahn and Meeker 1991,
    section 4.7), t(n - 1) * s * sqrt(1 + 1 / n). Figures are counts of utterances: the variance
    that rounding to steps hides, step ** 2 / 12, is added to s ** 2, which else may be 0 by chance.

    Args:
        repeats: two or more.
        step: to which they are rounded.
        level: chance of a further repeat beyond, on either side together.
    """
    from scipy.stats import t

    n = len(repeats)
    error = sqrt(variance(repeats) + step**2 / 12)
    return float(t.isf(level / 2, n - 1)) * error * sqrt(1 + 1 / n)


def one_utterance(record: Record, role: Role) -> dict[str, float]:
    """Return the most, in percent, by which one test utterance can change each score.

    On another machine the last digit of a sum is another, and an utterance on the edge between two
    emotions may fall to the other side, even with a method that draws nothing at random.
    """
    of_corpora = [Counter(part.emotion) for part in record.of_role(role)]
    pooled = role == "target" or record.source_figure == "pooled"
    groups = [sum(of_corpora, Counter())] if pooled else of_corpora
    return {
        "ua": max(100 / len(groups) / len(g) / min(g.values()) for g in groups),
        "accuracy": max(100 / len(groups) / g.total() for g in groups),
    }


def _records(folder: Path) -> Iterator[Record]:
    """Yield the records below a folder, of both forms."""
    for results in sorted(folder.glob("**/results")):
        yield from (record for _, record in read_records(results))


def _asked(record: Record) -> dict[str, Any]:
    method = record.method
    return {
        "protocol": record.protocol,
        "target": record.target,
        "method": method.name,
        "settings": {name: method.settings[name] for name in method.changed},
        "labels": record.labels,
        "seed": record.seed,
        **({} if record.fold is None else {"fold": record.fold}),
        "track": record.track,
        "backbone": record.backbone.name,
        "precision": record.precision,
    }


def _figures(cell: Cell, now: Record) -> Iterator[CheckedFigure]:
    for role, scores in now.scores.items():
        worth = one_utterance(now, role)
        answers = {tuple((p.predicted, p.levels) for p in r.of_role(role)) for r in cell.repeats}
        for name in ("ua", "accuracy"):
            yield CheckedFigure(
                cell=cell,
                role=role,
                name=name,
                repeats=tuple(100 * getattr(r.scores[role], name) for r in cell.repeats),
                now=100 * getattr(scores, name),
                utterance=worth[name],
                drawn=len(answers) > 1,
            )


def _other_settings(cell: Cell, now: Record) -> Iterator[str]:
    then = cell.repeats[0].method.settings
    for name, value in now.method.settings.items():
        if name not in then:
            yield f"{cell.title}: has a setting that it had not, {name}={value}."
        elif digest_json(value) != digest_json(then[name]):  # as a file has it: tuples are lists
            yield f"{cell.title}: the default of {name} is {value}, not {then[name]}."


def _differing(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    return ", ".join(name for name in sorted({*then, *now}) if then.get(name) != now.get(name))


def _row(figure: CheckedFigure) -> dict[str, str]:
    spread = "" if figure.spread is None else f" ± {figure.spread:.2f}"
    runs = len(figure.repeats)
    return {
        "cell": figure.cell.title,
        "figure": f"{figure.role} {figure.name} %",
        "reference": f"{figure.mean:.2f}{spread} ({runs} run{'s' if runs > 1 else ''})",
        "tolerance": f"± {figure.tolerance:.2f}",
        "now": f"{figure.now:.2f}",
        "verdict": figure.verdict,
    }


def _sentence(check: Check) -> str:
    compared = f"{len(check.figures)} figures compared"
    if check.passed:
        return f"{compared}: all hold."
    verdicts = Counter(figure.verdict for figure in check.figures)
    counts = [f"{verdicts[verdict]} {verdict}" for verdict in ("below", "above")]
    counts.append(f"{len(check.obstacles)} cells not compared")
    return (
        f"{compared}: {', '.join(counts)}. If that is meant, delete the records concerned and make "
        "the reference anew."
    )
