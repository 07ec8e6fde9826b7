"""The fine-tuned grid of the paper's protocols on a GPU of another machine.

    python -m tests.speed.gpu_grid pack PIECES      # here: speech and weights, in pieces
    python -m tests.speed.gpu_grid run PIECES OUT   # there: records, until a deadline
    python -m tests.speed.gpu_grid home OUT/records.tar.gz leaderboards   # here

The other machine needs the suite and nothing else: no corpora, no weights, no git. Log-mels are
packed without loss. `run` goes on where an earlier one stopped, as long as OUT is kept.
"""

import argparse
import lzma
import multiprocessing
import pickle
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import product
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from tests.speed.epoch_curves import watched, write_curve

import xlser_baselines
from xlser.api.pipeline import Pipeline
from xlser.methods import get_method, method_names
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.records.store import files, known_keys, read_runs
from xlser.records.validate import validate
from xlser.runs import (
    Failure,
    Job,
    JobContext,
    PortableInputs,
    Request,
    Run,
    environment,
    make_plan,
)
from xlser.runs.inputs.features import FeaturesInMemory
from xlser.runs.inputs.tensors import load_tensors, save_tensors
from xlser.runs.jobs import do, jobs_of
from xlser.runs.processes import end_with_the_parent, how_ended
from xlser.settings import Settings
from xlser.system.files import write_atomically

TARGETS = ("german", "italian")
FIVE, FOUR = "agarla2022", "agarla2022-4"
BACKBONE = "audiontt-512"

_CHUNK = 4 << 20  # bytes that are compressed at a time
_FILTERS = (
    {"id": lzma.FILTER_DELTA, "dist": 128},  # bytes of a frame: 64 bands of float16
    {"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 0, "lp": 1, "pb": 1},
)

_fork = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Row:
    """Runs that differ in their seed alone; with `curve`, their epochs are watched if asked for."""

    protocol: str
    target: str
    method: str
    labels: int = 0
    settings: Mapping[str, object] = field(default_factory=dict)
    curve: bool = False


HARD, SOFT, UPPER = "hard-pseudo-labels", "soft-pseudo-labels", "upper-bound"


def rows() -> Iterator[Row]:
    """Yield the rows in the order of their priority."""
    for protocol, target in product((FIVE, FOUR), TARGETS):
        yield Row(protocol, target, "lower-bound")
    for target in TARGETS:
        yield Row(FOUR, target, HARD, curve=True)
        yield Row(FIVE, target, UPPER, curve=True)
        yield Row(FIVE, target, HARD, 100, curve=True)
        yield Row(FIVE, target, HARD, curve=True)
        yield Row(FIVE, target, SOFT, curve=True)
        yield Row(FOUR, target, SOFT, curve=True)
        yield Row(FOUR, target, UPPER, curve=True)
        yield Row(FIVE, target, SOFT, 100)
    for target in TARGETS:
        for tau in (0.65, 0.85):
            yield Row(FIVE, target, HARD, 100, {"tau": tau})
        for labels, method in product((25, 50), (HARD, SOFT)):
            yield Row(FIVE, target, method, labels)
    for target in TARGETS:
        for labels in (100, 25, 50):
            yield Row(FIVE, target, "sft", labels)
        yield Row(FIVE, target, "target-only", 100)
    yield from _other_rows()


def _other_rows() -> Iterator[Row]:
    seen = {"lower-bound", HARD, SOFT, UPPER, "sft", "target-only"}
    others = [name for name in method_names() if name not in seen]
    for protocol, budgets in ((FIVE, (0, 100)), (FOUR, (0,)), (FIVE, (25, 50))):
        for target, name, labels in product(TARGETS, others, budgets):
            yield Row(protocol, target, name, labels)


def _runs_of(row: Row, inputs: PortableInputs) -> Sequence[Run]:
    kind = get_method(row.method)
    if row.labels < kind.least_labels or (row.labels and kind.target_labels == "none"):
        return ()
    labels = [row.labels] if kind.target_labels == "few" else []
    request = Request([row.method], row.settings, [row.target], labels, (), "finetune", "bf16")
    return make_plan(request, inputs.catalogue, inputs.backbone, Path("nowhere")).todo


def pack(folder: Path, size: int, epochs: int | None) -> None:
    """Write inputs of both protocols, weights among them, into files of at most `size` MiB."""
    git = environment.describe(torch.device("cpu"), xlser_baselines.__name__).git
    whole = pickle.dumps((_inputs(Settings.gather(), epochs), git))
    parts = [whole[start : start + _CHUNK] for start in range(0, len(whole), _CHUNK)]
    with _fork.Pool() as pool:
        compress = partial(lzma.compress, filters=_FILTERS)
        stream = pickle.dumps(pool.map(compress, parts, chunksize=1))
    count = -(-len(stream) // (size << 20))
    length = -(-len(stream) // count)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("piece-*"):
        old.unlink()
    for number in range(count):
        path = folder / f"piece-{number + 1:02}-of-{count:02}"
        path.write_bytes(stream[number * length : (number + 1) * length])
        print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB")


def _inputs(settings: Settings, epochs: int | None) -> dict[str, PortableInputs]:
    """Return inputs by protocol; they share the features of the utterances that any run uses."""
    inputs = {}
    for name in (FIVE, FOUR):
        protocol = get_protocol(name)
        if epochs:
            schedule = protocol.schedule.model_copy(update={"epochs": epochs})
            protocol = protocol.model_copy(update={"schedule": schedule})
        pipeline = Pipeline.gather(protocol, TARGETS, BACKBONE, settings)
        inputs[name] = pipeline.inputs("finetune").prepared().portable()
    if inputs[FIVE].input != inputs[FOUR].input:
        raise SystemExit("The protocols do not share their front-end.")
    used = {
        id_
        for each in inputs.values()
        for target, seed in product(TARGETS, each.catalogue.protocol.seeds)
        for id_ in each.catalogue.scenario(target, 0, seed).emotion
    }
    features = {}
    for corpus, held in inputs[FIVE].features.items():
        ids = tuple(id_ for id_ in held.ids if id_ in used)
        speech = held.speech(ids)
        features[corpus] = FeaturesInMemory(ids, speech.features.numpy(), speech.lengths.numpy())
    common = {"features": features, "backbone": inputs[FIVE].backbone}
    return {name: replace(each, **common) for name, each in inputs.items()}


def unpack(folder: Path) -> tuple[dict[str, PortableInputs], dict[str, str]]:
    """Return inputs by protocol, and the commits of the packages that packed them."""
    paths = sorted(folder.glob("piece-*"))
    count = int(paths[0].name.rpartition("-")[2]) if paths else 0
    if not paths or len(paths) != count:
        raise SystemExit(f"{folder} holds {len(paths)} pieces of {count}.")
    stream = b"".join(path.read_bytes() for path in paths)
    with _fork.Pool() as pool:
        parts = pool.map(lzma.decompress, pickle.loads(stream), chunksize=1)  # checks a CRC
    packed: tuple[dict[str, PortableInputs], dict[str, str]] = pickle.loads(b"".join(parts))
    return packed


@dataclass(frozen=True, eq=False)
class Work:
    """A job, and what goes with it.

    Attributes:
        job: run or source model.
        context: of its protocol.
        curve: whether its epochs are watched.
    """

    job: Job
    context: JobContext
    curve: bool

    @property
    def label(self) -> str:
        """A short name for messages."""
        return f"{self.job.run.scenario.protocol} {self.job.label}"


def _work(contexts: Mapping[str, JobContext], only: Sequence[str], curves: bool) -> list[Work]:
    """Return what is not done yet: source models, then runs in the order of their priority."""
    models: dict[str, Work] = {}
    todo = []
    for row in rows():
        context = contexts[row.protocol]
        runs = [
            run
            for run in _runs_of(row, context.inputs)
            if not run.path(context.results).exists()
            and (not only or any(text in f"{row.protocol} {run.label}" for text in only))
        ]
        for job in jobs_of(runs, context):
            if job.model:
                models.setdefault(job.key, Work(job, context, curves))
            else:
                todo.append(Work(job, context, curves and row.curve))
    return [*models.values(), *todo]


def _carry_out(work: Work, out: Path, git: Mapping[str, str]) -> None:
    """Do a job in this process and write what comes of it."""
    end_with_the_parent()
    torch.set_num_threads(work.context.threads)
    environment._commit = git.get  # there is no git here: what runs is what was packed
    job, run = work.job, work.job.run
    started = datetime.now(UTC).isoformat(timespec="seconds")
    with watched(job, work.context, TARGETS, work.curve) as watch:
        ending = do(job, work.context, lambda done, total: None)
    if isinstance(ending, Failure):
        raise SystemExit(ending.trace)
    write_curve(watch, job, work.context, out / "curves", started)
    if job.model and work.curve:  # looking is no part of training
        tensors, about = load_tensors(job.model) or ({}, {})
        seconds = round(float(about["seconds"]) - watch.seconds, 3)
        save_tensors(job.model, tensors, seconds=str(seconds))
    if isinstance(ending, Record):
        fit = round(ending.seconds["fit"] - watch.seconds, 3)
        ending = ending.model_copy(update={"seconds": {**ending.seconds, "fit": fit}})
        ending.write(run.path(work.context.results))


class _Crew:
    """Processes side by side, one a job; a job begins when its source model is trained.

    A new process takes seconds to reach a GPU, which the others keep busy meanwhile.
    """

    def __init__(self, work: Sequence[Work], processes: int, *arguments: object) -> None:
        self.done: Counter[str] = Counter()
        self._waiting = list(work)
        self._most = processes
        self._arguments = arguments
        self._trained: set[str | None] = {None}
        self._busy: dict[int, tuple[ForkProcess, Work, float]] = {}
        self._begun = time.monotonic()

    def hand_out(self) -> bool:
        """Start what is ready, as far as there is room; return whether anything is at work."""
        ready = [work for work in self._waiting if work.job.needs in self._trained]
        for work in ready[: self._most - len(self._busy)]:
            self._waiting.remove(work)
            process = _fork.Process(target=_carry_out, args=(work, *self._arguments), daemon=True)
            process.start()
            self._busy[process.sentinel] = process, work, time.monotonic()
        return bool(self._busy)

    def wait(self) -> None:
        """Wait up to a second for jobs to end."""
        for sentinel in wait(list(self._busy), timeout=1):
            process, work, since = self._busy.pop(sentinel)  # type: ignore[arg-type]
            process.join()
            now = time.monotonic()
            how = f"{now - since:.1f} s"
            if process.exitcode:
                how = f"failed: its process ended {how_ended(process.exitcode)}"
            else:
                self._trained.add(work.job.key)
            kind = "models" if work.job.model else "runs"
            self.done["failed" if process.exitcode else kind] += 1
            print(f"{now - self._begun:6.1f} {work.label} {how}", flush=True)

    def end(self) -> None:
        """Stop; what is at work is lost."""
        for process, _, _ in self._busy.values():
            process.kill()
            process.join()


def run(
    folder: Path,
    out: Path,
    processes: int,
    seconds: float,
    tars: Sequence[Path],
    device: str,
    only: Sequence[str],
    curves: bool,
) -> None:
    """Carry out the plan by several processes on one device, until done or out of time.

    Jobs that are at work when time is out are lost: four processes lose less than eight.
    """
    begun = time.monotonic()
    torch.set_num_threads(1)  # also because processes are forked
    out.mkdir(parents=True, exist_ok=True)
    by_protocol, git = unpack(folder)
    there, own = torch.device(device), out / "cache"
    contexts = {
        name: JobContext(inputs.with_cache(own), out / name / "results", there, threads=1)
        for name, inputs in by_protocol.items()
    }
    work = _work(contexts, only, curves)
    print(f"{len(work)} jobs, planned in {time.monotonic() - begun:.1f} s", flush=True)
    crew = _Crew(work, processes, out, git)
    written = begun
    while time.monotonic() - begun < seconds and crew.hand_out():
        crew.wait()
        if time.monotonic() - written > 60:
            _tar(out, tars)
            written = time.monotonic()
    crew.end()
    _tar(out, tars)
    minutes = (time.monotonic() - begun) / 60
    print(f"{dict(crew.done)}: {crew.done['runs'] / minutes:.1f} runs a minute")


def _tar(out: Path, tars: Sequence[Path]) -> None:
    """Write all that is done into one file, whole or not at all."""
    partial = out / "partial.tar.gz"
    with tarfile.open(partial, "w:gz", compresslevel=4) as tar:
        for file in sorted([*out.glob("*/results/**/*.json"), *out.glob("curves/**/*.json")]):
            tar.add(file, file.relative_to(out))
    for path in tars:
        path.write_bytes(partial.read_bytes())
    partial.replace(out / "records.tar.gz")


def home(tars: Sequence[Path], into: Path, whole: bool) -> None:
    """Check records and write them to `into`/<protocol>/results, if `whole` those of whole rows.

    Records that are there already stay as they are.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path in tars:
            with tarfile.open(path) as tar:
                members = [member for member in tar if "/results/" in member.name]
                tar.extractall(folder, members, filter="data")
        faults = validate(files(folder, ".json")).faults
        if faults:
            listed = [f"{fault.path.relative_to(folder)}: {fault.what}" for fault in faults]
            raise SystemExit("\n".join(listed))
        row = ["protocol", "target", "labels", "method", "settings"]
        for key, runs in read_runs(folder).frame.groupby(row):
            lacking = set(get_protocol(key[0]).seeds) - set(runs["seed"])
            known = known_keys(into / key[0] / "results")
            new = runs[~runs["key"].isin(known)]
            figures = [100 * runs[f"score_target_{name}"].mean() for name in ("ua", "accuracy")]
            seeds = sorted(runs["seed"])
            print(*key, f"seeds {seeds}, {len(new)} new, UA %.1f accuracy %.1f" % (*figures,))
            for path in () if whole and lacking else new["path"]:
                write_atomically(into / path.relative_to(folder), path.read_bytes())


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("pack")
    command.add_argument("folder", type=Path)
    command.add_argument("--size", type=int, default=47, help="MiB of a piece")
    command.add_argument("--epochs", type=int, help="of another schedule, for a rehearsal")
    command = commands.add_parser("run")
    command.add_argument("folder", type=Path)
    command.add_argument("out", type=Path)
    command.add_argument("--processes", type=int, default=4)
    command.add_argument("--seconds", type=float, default=500)
    command.add_argument("--tar", dest="tars", type=Path, action="append", default=[])
    command.add_argument("--device", default="cuda")
    command.add_argument("--only", action="append", default=[], help="runs with this in their name")
    command.add_argument("--curves", action="store_true", help="watch the epochs of some rows")
    command = commands.add_parser("home")
    command.add_argument("tars", type=Path, nargs="+")
    command.add_argument("into", type=Path)
    command.add_argument("--whole", action="store_true", help="rows with all seeds alone")
    options = vars(parser.parse_args())
    {"pack": pack, "run": run, "home": home}[options.pop("command")](**options)


if __name__ == "__main__":
    sys.exit(main())
