"""Expected seconds of jobs: from the user's own records, and from a table of relative costs.

A package of methods may ship the table, `costs.json` beside its `__init__.py`: how long a run of
each method takes on the frozen track of `v1`, where training the source model takes 1.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Literal

from xlser import registry
from xlser.errors import XlserError
from xlser.methods import Precision, Track
from xlser.methods.vocabulary import SOURCE_MODEL
from xlser.records.record import Record
from xlser.records.store import read_records
from xlser.runs.jobs import Job

Kind = Literal["cpu", "gpu"]

_SOURCE_MODEL_SECONDS = {
    ("frozen", "cpu"): 4.0,
    ("frozen", "gpu"): 4.0,
    ("finetune", "cpu"): 1500.0,
    ("finetune", "gpu"): 50.0,
}
"""About the seconds of training a source model under `v1`, while there are no records."""


@dataclass(frozen=True)
class Circumstances:
    """What was timed, and how.

    Attributes:
        what: name of the method, or `SOURCE_MODEL`.
        track: fine-tune or frozen.
        kind: of the device.
        backbone: name.
        protocol: name.
        precision: of training.
    """

    what: str
    track: Track
    kind: Kind
    backbone: str
    protocol: str
    precision: Precision


@dataclass(frozen=True)
class Estimate:
    """Expected cost of a job.

    Attributes:
        seconds: of fit and predict, or of the training of a source model.
        times: number of measurements that it rests on; 0 for none.
        guess: whether the same was never measured.
        origin: where the estimate is from, in words.
    """

    seconds: float
    times: int
    guess: bool
    origin: str


class Costs:
    """Expected costs of jobs on a kind of device.

    Own records of the same method, track, device and backbone count, those of the same protocol
    and precision before others: their median. Without any, the cost is a guess: what other jobs of
    the same track and device took, scaled by relative costs of methods.

    Args:
        kind: of the device that jobs will train on.
        results: folder of own records; None for none.

    Raises:
        RecordError: a file there is not a record.
    """

    def __init__(self, kind: Kind = "cpu", results: Path | None = None) -> None:
        self._kind = kind
        self._seconds: dict[Circumstances, list[float]] = {}
        self._known: dict[Circumstances, Estimate] = {}
        for _, record in read_records(results) if results else ():
            self._add(record)

    def _add(self, record: Record) -> None:
        stages = dict(record.seconds)
        trained = stages.pop(SOURCE_MODEL, None)
        kind: Kind = "cpu" if record.environment.device == "cpu" else "gpu"
        of = record.track, kind, record.backbone.name, record.protocol, record.precision
        run = Circumstances(record.method.name, *of)
        self._seconds.setdefault(run, []).append(sum(stages.values()))
        if trained is not None:
            each = self._seconds.setdefault(Circumstances(SOURCE_MODEL, *of), [])
            if trained not in each:  # trained once, stated by every record that used it
                each.append(trained)

    def seconds(self, job: Job) -> float:
        """Return the expected seconds of a job."""
        return self.estimate(job).seconds

    def estimate(self, job: Job) -> Estimate:
        """Return the expected cost of a job, and what it rests on."""
        run = job.run
        what = SOURCE_MODEL if job.model else run.method.name
        backbone: str = run.identity["backbone"][0]
        asked = Circumstances(
            what, run.track, self._kind, backbone, run.scenario.protocol, run.precision
        )
        if asked not in self._known:
            self._known[asked] = self._estimate(asked)
        return self._known[asked]

    def _estimate(self, asked: Circumstances) -> Estimate:
        """Scale what was measured in the circumstances that are nearest to those asked for."""

        def nearness(of: Circumstances) -> tuple[bool, ...]:
            names = ("backbone", "protocol", "precision")
            same = [getattr(of, name) == getattr(asked, name) for name in names]
            return (of.what == asked.what and same[0], *same)

        kin = [o for o in self._seconds if (o.track, o.kind) == (asked.track, asked.kind)]
        if not kin:
            seconds = _SOURCE_MODEL_SECONDS[asked.track, asked.kind] * _relative(asked.what)
            return Estimate(seconds, 0, True, "guess: relative costs")
        nearest = max(kin, key=nearness)
        found = [of for of in kin if nearness(of) == nearness(nearest)]
        scale = median(median(self._seconds[of]) / _relative(of.what) for of in found)
        seconds, times = scale * _relative(asked.what), sum(len(self._seconds[of]) for of in found)
        if nearest.what != asked.what or nearest.backbone != asked.backbone:
            return Estimate(seconds, times, True, "guess: your records of other methods")
        unlike = {nearest.protocol, nearest.precision} - {asked.protocol, asked.precision}
        origin = ", ".join(["guess: " * bool(unlike) + "your records", *sorted(unlike)])
        return Estimate(seconds, times, bool(unlike), origin)


def _relative(what: str) -> float:
    """Return the time of a method's run, that of a source model being 1; the median if unknown."""
    return 1.0 if what == SOURCE_MODEL else _table_of(what).get(what) or _usual()


@cache
def _usual() -> float:
    tables = [_table_of(name).get(name) for name in registry.names("xlser.methods")]
    known = [relative for relative in tables if relative]
    return median(known) if known else 1.0


@cache
def _table_of(method: str) -> dict[str, float]:
    """Return the table that the package of a method ships; empty if it ships none."""
    try:
        package = registry.entry_point("xlser.methods", method).module.partition(".")[0]
    except XlserError:  # unknown, or registered twice: running the method raises this
        return {}
    spec = find_spec(package)
    file = Path(spec.origin).with_name("costs.json") if spec and spec.origin else None
    if file is None or not file.is_file():
        return {}
    table: dict[str, float] = json.loads(file.read_text("utf-8"))
    return table
