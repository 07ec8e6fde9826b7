"""What runs cost: seconds that records state, the user's own and those shipped with protocols.

A package that registers protocols may ship figures for them in a file `costs.json` beside its
`__init__.py`. `python -m xlser.monitoring.costs leaderboards reference/demo` writes those of the
packages at hand anew.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean, median
from typing import Literal

from xlser import registry
from xlser.errors import XlserError
from xlser.methods import Precision, Track
from xlser.methods.vocabulary import SOURCE_MODEL
from xlser.protocols import protocol_names
from xlser.records.record import Record
from xlser.records.store import read_records
from xlser.runs.jobs import Job
from xlser.system.files import write_atomically

Kind = Literal["cpu", "gpu"]


@dataclass(frozen=True, order=True)
class Circumstances:
    """What was timed, and where.

    Attributes:
        protocol: name.
        track: fine-tune or frozen.
        backbone: name.
        precision: of training.
        what: name of the method, or `SOURCE_MODEL`.
        device: "cpu", or the GPU's name.
        processor: model name.
        threads: of torch.
    """

    protocol: str
    track: Track
    backbone: str
    precision: Precision
    what: str
    device: str
    processor: str
    threads: int

    @property
    def kind(self) -> Kind:
        """Kind of the device."""
        return "cpu" if self.device == "cpu" else "gpu"


@dataclass(frozen=True)
class Figure:
    """What was measured under the same circumstances.

    Attributes:
        of: the circumstances.
        seconds: median of fit and predict, or of the training of a source model.
        times: how often it was measured.
        size: mean bytes of a record; for a source model, of the records that used it.
    """

    of: Circumstances
    seconds: float
    times: int
    size: int


@dataclass(frozen=True)
class Estimate:
    """What a job is thought to cost.

    Attributes:
        figure: that it is taken from.
        own: whether the user's own records gave it.
        guess: whether it is the figure of other work, for there is none of this.
    """

    figure: Figure
    own: bool
    guess: bool


@dataclass
class _Samples:
    """Seconds and sizes, by circumstances."""

    seconds: dict[Circumstances, list[float]] = field(default_factory=dict)
    sizes: dict[Circumstances, list[int]] = field(default_factory=dict)

    def add(self, path: Path, record: Record) -> None:
        stages = dict(record.seconds)
        trained = stages.pop(SOURCE_MODEL, None)
        # A packed record has no file of its own: its size is what the file would have.
        size = path.stat().st_size if path.is_file() else len(record.to_json())
        self._add(record, record.method.name, sum(stages.values()), size)
        if trained is not None:
            self._add(record, SOURCE_MODEL, trained, size)

    def _add(self, record: Record, what: str, seconds: float, size: int) -> None:
        where = record.environment
        of = Circumstances(
            record.protocol,
            record.track,
            record.backbone.name,
            record.precision,
            what,
            where.device,
            where.processor,
            where.threads,
        )
        self.seconds.setdefault(of, []).append(seconds)
        self.sizes.setdefault(of, []).append(size)

    def figures(self) -> list[Figure]:
        return [self._figure(of) for of in sorted(self.seconds)]

    def _figure(self, of: Circumstances) -> Figure:
        seconds = self.seconds[of]
        if of.what == SOURCE_MODEL:  # trained once, stated by every record that used it
            seconds = sorted(set(seconds))
        return Figure(of, round(median(seconds), 3), len(seconds), round(fmean(self.sizes[of])))


class Costs:
    """What jobs are thought to cost on a kind of device.

    A figure of the same method, track and backbone is taken: the user's own before a shipped one,
    one of the same protocol and precision before others. Where there is none, the figure in the
    middle of what is nearest is a guess.

    Args:
        kind: of the device that jobs will train on.
    """

    def __init__(self, kind: Kind = "cpu") -> None:
        self._kind = kind
        self._samples = _Samples()
        self._known: dict[tuple[str, ...], Estimate] = {}

    @classmethod
    def of(cls, results: Path, kind: Kind = "cpu") -> "Costs":
        """Return costs from the records under `results`, if any, and from the shipped figures.

        Raises:
            RecordError: a file there is no record.
        """
        costs = cls(kind)
        for _ in costs.learning(read_records(results)):
            pass
        return costs

    def learning(self, records: Iterable[tuple[Path, Record]]) -> Iterator[tuple[Path, Record]]:
        """Yield the user's own records, and add what each took."""
        for path, record in records:
            self._samples.add(path, record)
            self._known.clear()
            yield path, record

    def seconds(self, job: Job) -> float:
        """Return for how many seconds a job is thought to be at work."""
        return self.estimate(job).figure.seconds

    def record_size(self, protocol: str) -> int:
        """Return about how many bytes a record takes; they grow with the test utterances."""
        own, shipped = self._samples.figures(), _shipped()
        alike = [figure for figure in shipped if figure.of.protocol == protocol]
        figures = own or alike or shipped
        return round(fmean([f.size for f in figures], [f.times for f in figures]))

    def estimate(self, job: Job) -> Estimate:
        """Return what a job is thought to cost, and why."""
        run = job.run
        what = SOURCE_MODEL if job.model else run.method.name
        backbone: str = run.identity["backbone"][0]
        asked = run.scenario.protocol, run.track, backbone, run.precision, what
        if asked not in self._known:
            self._known[asked] = self._find(*asked)
        return self._known[asked]

    def _find(
        self, protocol: str, track: Track, backbone: str, precision: Precision, what: str
    ) -> Estimate:
        def like(figure: Figure) -> tuple[bool, ...]:
            of = figure.of
            return of.kind == self._kind, of.track == track, of.backbone == backbone

        def better(figure: Figure) -> tuple[int, ...]:
            of = figure.of
            same = figure in own, of.protocol == protocol, of.precision == precision
            return *same, figure.times

        own = self._samples.figures()
        figures = [*own, *_shipped()]
        exact = [f for f in figures if f.of.what == what and all(like(f))]
        if exact:
            best = max(exact, key=better)
            alike = (best.of.protocol, best.of.precision) == (protocol, precision)
            return Estimate(best, own=best in own, guess=not alike)
        model = what == SOURCE_MODEL
        kin = [f for f in figures if (f.of.what == SOURCE_MODEL) == model]

        def nearness(figure: Figure) -> tuple[bool, ...]:
            device, same_track, same_backbone = like(figure)
            return same_track, device, same_backbone, figure.of.protocol == protocol

        if not kin:  # no package ships any
            return Estimate(_unknown(what, track, backbone), own=False, guess=True)
        nearest = max(map(nearness, kin))
        middle = _middle([f for f in kin if nearness(f) == nearest])
        return Estimate(middle, own=middle in own, guess=True)


def _unknown(what: str, track: Track, backbone: str) -> Figure:
    """Return a figure of one second for what nobody has timed."""
    of = Circumstances("", track, backbone, "fp32", what, "cpu", "", 1)
    return Figure(of, seconds=1.0, times=0, size=40_000)


def _middle(figures: Sequence[Figure]) -> Figure:
    """Return the figure with the median seconds; of two in the middle, the dearer."""
    return sorted(figures, key=lambda f: f.seconds)[len(figures) // 2]


@cache
def _shipped() -> tuple[Figure, ...]:
    files = dict.fromkeys(filter(None, map(_file_of, protocol_names())))
    rows = [row for file in files if file.is_file() for row in json.loads(file.read_text("utf-8"))]
    return tuple(Figure(**{**row, "of": Circumstances(**row["of"])}) for row in rows)


def _file_of(protocol: str) -> Path | None:
    """Return the file of figures in the package that registers a protocol, None if none does."""
    try:
        package = registry.entry_point("xlser.protocols", protocol).module.partition(".")[0]
    except XlserError:  # unknown, or claimed twice: whoever runs the protocol is given the error
        return None
    spec = find_spec(package)
    return Path(spec.origin).with_name("costs.json") if spec and spec.origin else None


def shipped_figures(folders: Iterable[Path]) -> dict[Path, bytes]:
    """Return the content of each `costs.json` that the records below `folders` give.

    Only records of the suite's own methods count, so that others' can be added without a change.
    """
    samples: dict[Path, _Samples] = {}
    for folder in folders:
        for results in sorted(folder.rglob("results")):
            for path, record in read_records(results):
                file = _file_of(record.protocol)
                if file and record.method.package.partition(" ")[0] == "xlser":
                    samples.setdefault(file, _Samples()).add(path, record)
    return {file: _as_json(of_a_package.figures()) for file, of_a_package in samples.items()}


def _as_json(figures: Iterable[Figure]) -> bytes:
    rows = [json.dumps(asdict(figure)) for figure in figures]
    return ("[\n" + ",\n".join(rows) + "\n]\n").encode()


if __name__ == "__main__":
    for file, content in shipped_figures(map(Path, sys.argv[1:])).items():
        write_atomically(file, content)
