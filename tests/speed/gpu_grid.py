"""The fine-tuned grid of the paper's protocols on a GPU of another machine.

    python -m tests.speed.gpu_grid pack PIECES      # here: speech, weights and plan, in pieces
    python -m tests.speed.gpu_grid probe            # there: steps a second by number of processes
    python -m tests.speed.gpu_grid run PIECES OUT   # there: records and curves, until a deadline
    python -m tests.speed.gpu_grid home OUT/records.tar.gz leaderboards   # here

The other machine needs the suite and nothing else: no corpora, no weights, no git. Log-mels are
packed without loss. `run` goes on where an earlier one stopped, as long as OUT is kept.
"""

import argparse
import bz2
import hashlib
import json
import multiprocessing
import pickle
import sys
import tarfile
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import product
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tests.speed.epoch_curves import Part, Watch, watching
from xlser.runs.calling import Failure
from xlser.runs.data import HeldFrames, SpeechData, gather
from xlser.runs.record import Record
from xlser.runs.tensors import load_tensors, save_tensors

from xlser.audio import Frames
from xlser.methods import Labelled, Speech, Task, get_method
from xlser.methods.registry import method_names
from xlser.protocols import Schedule, get_protocol
from xlser.runs import environment
from xlser.runs.jobs import Job, Shared, do, jobs_of
from xlser.runs.plan import Request, Run, make_plan
from xlser.settings import Settings
from xlser.training import PretrainedBackbone, new_model, pretrained

TARGETS = ("german", "italian")
FIVE, FOUR = "agarla2022", "agarla2022-4"
BACKBONE = "audiontt-512"
_CHUNK = 20_000  # frames compressed at a time


@dataclass(frozen=True)
class Row:
    """Runs that differ in their seed alone."""

    protocol: str
    target: str
    method: str
    labels: int = 0
    settings: dict[str, object] = field(default_factory=dict)
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


def _runs_of(row: Row, data: SpeechData, backbone: PretrainedBackbone) -> Sequence[Run]:
    kind = get_method(row.method)
    if row.labels < kind.least_labels or (row.labels and kind.target_labels == "none"):
        return ()
    labels = [row.labels] if kind.target_labels == "few" else []
    request = Request([row.method], row.settings, [row.target], labels, (), "finetune", "bf16")
    return make_plan(request, data, backbone, Path("nowhere")).todo


def pack(folder: Path, size: int, epochs: int | None, only: int | None) -> None:
    """Write speech, weights and plan into files of at most `size` MiB."""
    settings = Settings.gather()
    backbone = pretrained(BACKBONE, settings)
    gathered: dict[str, SpeechData] = {}
    for name in (FIVE, FOUR):
        protocol = get_protocol(name)
        if epochs:
            schedule = protocol.schedule.model_copy(update={"epochs": epochs})
            protocol = protocol.model_copy(update={"schedule": schedule})
        data = gather(protocol, TARGETS, settings, lambda *_: None)
        data.prepare("finetune", backbone)
        gathered[name] = data
    planned = []
    known: dict[tuple[Any, ...], Any] = {}
    for row in rows():
        data = gathered[row.protocol]
        for run in _runs_of(row, data, backbone):
            cell = run.scenario
            where = row.protocol, cell.target, cell.labels, cell.seed
            run = replace(run, scenario=known.setdefault(where, cell))
            planned.append((row.protocol, run, row.curve))
    planned = planned[:only]
    cells = {
        (name, target, seed): data.scenario(target, 0, seed)
        for name, data in gathered.items()
        for target in TARGETS
        for seed in data.protocol.seeds
    }
    needed = {
        id_
        for cell in (*cells.values(), *known.values())
        for ids in (
            cell.source_train,
            cell.source_validation,
            cell.source_test,
            cell.target_labelled,
            cell.target_unlabelled,
            cell.target_test,
        )
        for id_ in ids
    }
    held, values = _gather_frames(gathered[FIVE], backbone, needed)
    there = {}
    for name, data in gathered.items():
        copy = data.carried()
        vars(copy).pop("_held")
        there[name] = copy
    content = pickle.dumps(
        {
            "data": there,
            "backbone": backbone,
            "runs": planned,
            "cells": cells,
            "held": held,
            "frames": hashlib.sha256(values.tobytes()).hexdigest(),
            "git": environment.describe(torch.device("cpu"), "xlser_baselines").git,
        }
    )
    chunks = [bz2.compress(content), *_compressed(values)]
    folder.mkdir(parents=True, exist_ok=True)
    total = sum(map(len, chunks))
    count = -(-total // (size << 20))
    pieces: list[list[bytes]] = [[] for _ in range(count)]
    before = 0
    for chunk in chunks:  # in order, so that all pieces are about as large
        pieces[before * count // total].append(chunk)
        before += len(chunk)
    for number, piece in enumerate(pieces, 1):
        path = folder / f"piece-{number}-of-{len(pieces)}.pickle"
        path.write_bytes(pickle.dumps(piece))
        print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB")
    print(f"{len(planned)} runs, {values.nbytes / 2**20:.0f} MiB of frames")


def _gather_frames(
    data: SpeechData, backbone: PretrainedBackbone, needed: set[str]
) -> tuple[list[Any], Any]:
    """Return what is needed of each corpus (key, ids, lengths), and all frames one after other."""
    held, values = [], []
    for name, inventory in data.inventories.items():
        ids = [u.id for u in inventory.utterances if u.id in needed]
        frames = data._store(name, backbone).frames(ids)
        held.append(((name, data.frontend(backbone)), ids, frames.lengths))
        values.append(frames.values)
    return held, np.concatenate(values)


def _compressed(values: Any) -> Iterator[bytes]:
    """Yield frames as differences from the frame before, high and low bytes apart."""
    for start in range(0, len(values), _CHUNK):
        frames = np.ascontiguousarray(values[start : start + _CHUNK]).view(np.uint16)
        ordered = np.where(frames & 0x8000, ~frames, frames | 0x8000)  # as the numbers are
        ordered[1:] -= ordered[:-1].copy()
        signed = ordered.view(np.int16)
        folded = ((signed << 1) ^ (signed >> 15)).view(np.uint16)
        high, low = (folded >> 8).astype(np.uint8), folded.astype(np.uint8)
        yield pickle.dumps(
            (len(frames), bz2.compress(high.tobytes()), zlib.compress(low.tobytes()))
        )


def _frames_of(chunk: bytes) -> Any:
    count, high, low = pickle.loads(chunk)
    planes = (np.frombuffer(p, np.uint8) for p in (bz2.decompress(high), zlib.decompress(low)))
    upper, lower = (plane.reshape(count, -1).astype(np.uint16) for plane in planes)
    folded = upper << 8 | lower
    signed = (folded >> 1) ^ (-(folded & 1).astype(np.int16)).view(np.uint16)
    ordered = np.cumsum(signed, axis=0, dtype=np.uint16)
    return np.where(ordered & 0x8000, ordered ^ 0x8000, ~ordered).view(np.float16)


def unpack(folder: Path, cache: Path) -> dict[str, Any]:
    """Return what was packed, as if the speech lay on this machine."""
    paths = sorted(folder.glob("piece-*.pickle"))
    count = int(paths[0].stem.rpartition("-")[2]) if paths else 0
    if not paths or len(paths) != count:
        raise SystemExit(f"{folder} holds {len(paths)} pieces of {count}.")
    content, *chunks = (chunk for path in paths for chunk in pickle.loads(path.read_bytes()))
    with multiprocessing.get_context("fork").Pool() as pool:
        values = np.concatenate(pool.map(_frames_of, chunks))
    packed: dict[str, Any] = pickle.loads(bz2.decompress(content))
    if hashlib.sha256(values.tobytes()).hexdigest() != packed["frames"]:
        raise SystemExit("The frames are not those that were packed.")
    held, start = {}, 0
    for key, ids, lengths in packed["held"]:
        end = start + int(lengths.sum())
        frames = HeldFrames.__new__(HeldFrames)
        frames._all = Frames(values[start:end], lengths)
        frames._ends = lengths.cumsum()
        frames._row = {id_: row for row, id_ in enumerate(ids)}
        held[key], start = frames, end
    for data in packed["data"].values():
        data.settings = Settings(cache=cache)
        vars(data)["_held"] = held
    return packed


@dataclass(frozen=True)
class Work:
    """A job, and what goes with it.

    Attributes:
        protocol: name.
        job: of the suite.
        shared: of its protocol.
        curve: whether its epochs are watched.
    """

    protocol: str
    job: Job
    shared: Shared
    curve: bool


def _work(packed: dict[str, Any], out: Path, device: torch.device) -> list[Work]:
    models, runs = [], []
    for name, data in packed["data"].items():
        results = out / name / "results"
        shared = Shared(data, packed["backbone"], results, device, threads=1)
        own = [(run, curve) for of, run, curve in packed["runs"] if of == name]
        own = [(run, curve) for run, curve in own if not run.path(results).exists()]
        curved = {run.key: curve for run, curve in own}
        for job in jobs_of([run for run, _ in own], shared):
            if job.model:
                models.append(Work(name, job, shared, curve=True))
            else:
                runs.append(Work(name, job, shared, curved[job.key]))
    place = {run.key: number for number, (_, run, _) in enumerate(packed["runs"])}
    return [*models, *sorted(runs, key=lambda work: place[work.job.key])]


def _watch(work: Work, cells: dict[tuple[str, str, int], Any]) -> Watch:
    data, backbone, device = work.shared.data, work.shared.backbone, work.shared.device
    run = work.job.run
    cell = run.scenario

    def part(ids: Sequence[str], **how: bool) -> Part:
        speech = data.speech(ids, run.track, backbone)
        emotion = np.array([emotions[id_] for id_ in ids], dtype=np.int64)
        on_device = Speech(speech.features.to(device), speech.lengths.to(device))
        return Part(on_device, emotion, **how)

    parts = {}
    if work.job.model:
        for target in TARGETS:
            other = cells[work.protocol, target, cell.seed]
            emotions = other.emotion
            parts[f"{target} test"] = part(other.target_test)
            parts[f"{target} train"] = part(other.target_unlabelled, train=True)
    else:
        emotions = cell.emotion
        parts["target test"] = part(cell.target_test)
        parts["target train"] = part(cell.target_unlabelled or cell.target_labelled, train=True)
        parts["source test"] = part(cell.source_test, seldom=True)
    parts["source validation"] = part(cell.source_validation)
    stage = "source" if work.job.model else "target"
    return Watch(parts, len(cell.classes), stage, getattr(run.method, "tau", 0.5))


def _carry_out(work: Work, out: Path, cells: dict[tuple[str, str, int], Any]) -> str | None:
    """Do a job and write what comes of it; return what went wrong."""
    job, run = work.job, work.job.run
    started = datetime.now(UTC).isoformat(timespec="seconds")
    watch = _watch(work, cells) if work.curve else None
    with ExitStack() as stack:
        if watch:
            stack.enter_context(watching(watch))
        ending = do(job, work.shared, lambda done, total: None)
    if isinstance(ending, Failure):
        return ending.trace
    if watch:
        _write_curve(work, watch, out, started)
    if job.model and watch:  # what looking took is no training
        tensors, about = load_tensors(job.model) or ({}, {})
        seconds = round(float(about["seconds"]) - watch.seconds, 3)
        save_tensors(job.model, tensors, seconds=str(seconds))
    if isinstance(ending, Record):
        if watch:
            fit = round(ending.seconds["fit"] - watch.seconds, 3)
            ending = ending.model_copy(update={"seconds": {**ending.seconds, "fit": fit}})
        ending.write(run.path(work.shared.results))
    return None


def _write_curve(work: Work, watch: Watch, out: Path, started: str) -> None:
    run = work.job.run
    cell = run.scenario
    if not watch.columns:
        return
    described = environment.describe(work.shared.device)
    of = {"stage": watch.stage, "protocol": cell.protocol, "seed": cell.seed}
    if not work.job.model:
        of |= {"target": cell.target, "method": run.method.name, "labels": cell.labels}
        of |= {"settings": run.method.settings()}
    curve = {
        **of,
        "parts": watch.columns,
        "started": started,
        "device": described.device,
        "precision": run.precision,
        "backbone": [work.shared.backbone.kind.name, work.shared.backbone.digest],
        "packages": described.packages,
        "schedule": work.shared.data.protocol.schedule.model_dump(),
    }
    label = "source-model" if work.job.model else f"{cell.target}-{run.method.name}-k{cell.labels}"
    path = out / "curves" / cell.protocol / f"{label}-s{cell.seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(curve))


def _worker(wire: Connection, work: Sequence[Work], out: Path, packed: dict[str, Any]) -> None:
    torch.set_num_threads(1)
    # There is no git here: what ran is what was packed.
    environment._commit = packed["git"].get
    while True:
        number = wire.recv()
        clock = time.perf_counter()
        wrong = _carry_out(work[number], out, packed["cells"])
        wire.send((time.perf_counter() - clock, wrong))


class _Crew:
    """Processes that carry out work as it comes to be ready, in its order."""

    def __init__(self, work: Sequence[Work], processes: int, *arguments: Any) -> None:
        context = multiprocessing.get_context("fork")
        self.done: Counter[str] = Counter()
        self._begun = time.perf_counter()
        self._work = work
        self._waiting = list(range(len(work)))
        self._trained: set[str | None] = {None}
        self._busy: dict[Connection, int] = {}
        self._idle = []
        self._processes = []
        for _ in range(processes):
            wire, other = context.Pipe()
            process = context.Process(target=_worker, args=(other, work, *arguments), daemon=True)
            process.start()
            other.close()
            self._idle.append(wire)
            self._processes.append(process)

    def hand_out(self) -> bool:
        """Give what is ready to those who are idle; say whether anyone is at work."""
        while self._idle:
            ready = (n for n in self._waiting if self._work[n].job.needs in self._trained)
            number = next(ready, None)
            if number is None:
                break
            self._waiting.remove(number)
            wire = self._idle.pop()
            wire.send(number)
            self._busy[wire] = number
        return bool(self._busy)

    def hear(self) -> None:
        """Wait a second for work to end."""
        for wire in wait(list(self._busy), timeout=1):
            assert isinstance(wire, Connection)
            work = self._work[self._busy.pop(wire)]
            try:
                took, wrong = wire.recv()
                self._idle.append(wire)
            except EOFError:
                took, wrong = 0.0, "its process ended"
            if wrong is None and work.job.model:
                self._trained.add(work.job.key)
            self.done["failed" if wrong else "models" if work.job.model else "runs"] += 1
            at = time.perf_counter() - self._begun
            how = f"failed: {wrong}" if wrong else f"{took:.1f} s"
            print(f"{at:6.1f} {work.protocol} {work.job.label} {how}", flush=True)

    def end(self) -> None:
        """Stop; what is at work is lost."""
        for process in self._processes:
            process.kill()


def run(
    folder: Path, out: Path, processes: int, seconds: float, tars: Sequence[Path], device: str
) -> None:
    """Carry out the plan by several processes on one device, until done or out of time.

    A job at work when time is out is lost: four processes that share a GPU lose less than eight.
    """
    begun = time.perf_counter()
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    packed = unpack(folder, out / "cache")
    work = _work(packed, out, torch.device(device))
    print(f"{len(work)} jobs, unpacked in {time.perf_counter() - begun:.1f} s", flush=True)
    crew = _Crew(work, processes, out, packed)
    written = begun
    while time.perf_counter() - begun < seconds and crew.hand_out():
        crew.hear()
        if time.perf_counter() - written > 60:
            _tar(out, tars)
            written = time.perf_counter()
    crew.end()
    _tar(out, tars)
    minutes = (time.perf_counter() - begun) / 60
    print(f"{dict(crew.done)}: {crew.done['runs'] / minutes:.1f} runs a minute")


def _tar(out: Path, tars: Sequence[Path]) -> None:
    """Write all that is done into one file, whole or not at all."""
    for path in tars:
        partial = out / "partial.tar.gz"
        with tarfile.open(partial, "w:gz", compresslevel=4) as tar:
            for file in sorted([*out.glob("*/results/**/*.json"), *out.glob("curves/**/*.json")]):
                tar.add(file, file.relative_to(out))
        path.write_bytes(partial.read_bytes())


def probe(counts: Sequence[int], seconds: float, device: str, tune: bool) -> None:
    """Print the steps a second that processes side by side make, on noise."""
    torch.set_num_threads(1)
    context = multiprocessing.get_context("fork")
    crew = []
    for number in range(max(counts)):
        wire, other = context.Pipe()
        process = context.Process(target=_probe, args=(other, number, device, tune), daemon=True)
        process.start()
        crew.append(wire)
    for wire in crew:
        wire.recv()
    for count in counts:
        for wire in crew[:count]:
            wire.send(seconds)
        rates = [wire.recv() for wire in crew[:count]]
        print(f"{count} processes, tuned {tune}: {sum(rates):.0f} steps a second", flush=True)


class _OverError(Exception):
    """The stretch is over."""


def _probe(wire: Connection, seed: int, device: str, tune: bool) -> None:
    torch.set_num_threads(1)
    torch.backends.cudnn.benchmark = tune
    there = torch.device(device)
    generator = torch.Generator().manual_seed(seed)

    def speech(count: int) -> Speech:
        features = torch.randn(count * 270, 64, generator=generator).half().to(there)
        return Speech(features, torch.full((count,), 270, device=there))

    def labelled(count: int) -> Labelled:
        return Labelled(speech(count), torch.arange(count, device=there) % 5)

    kind = pretrained(BACKBONE, Settings(cache=Path("nowhere"), weights="random")).kind
    task = Task(
        labelled(1684),
        labelled(1),
        labelled(0),
        speech(255),
        tuple("abcde"),
        seed,
        there,
        "finetune",
        Schedule(),
        kind,
        None,
        "bf16",
    )
    stretch = [0.0, 0.0]

    def progress(done: int, total: int) -> None:
        stretch[1] = done
        if time.perf_counter() > stretch[0]:
            raise _OverError

    method = get_method("hard-pseudo-labels")()
    state = new_model(task).state_dict()
    task = replace(task, progress=progress, source_model=state)
    told = 0.5
    while True:
        clock = time.perf_counter()
        stretch[0] = clock + told
        with suppress(_OverError):
            method.fit(task)
        wire.send(stretch[1] * 19 / (time.perf_counter() - clock))
        told = wire.recv()


def home(tars: Sequence[Path], into: Path, whole: bool) -> None:
    """Unpack records into `into`/<protocol>/results, if `whole` those of whole rows alone."""
    records: dict[str, bytes] = {}
    for path in tars:
        with tarfile.open(path) as tar:
            for member in tar:
                file = tar.extractfile(member)
                if file and "/results/" in member.name:
                    records[member.name] = file.read()
    by_row = defaultdict(list)
    for name, content in records.items():
        record = Record.of_json(content)
        if record.rescored() != dict(record.scores):
            raise SystemExit(f"{name}: its figures are not those of its predictions.")
        settings = tuple(sorted(record.method.settings.items()))
        key = record.protocol, record.target, str(record.labels), record.method.name, settings
        by_row[key].append((record, name))
    for key, found in sorted(by_row.items()):
        seeds = {record.seed for record, _ in found}
        lacking = set(get_protocol(key[0]).seeds) - seeds
        scores = [record.scores["target"] for record, _ in found]
        print(
            *key[:4],
            *(f"{name}={value}" for name, value in key[4] if name == "tau"),
            f"seeds {sorted(seeds)}",
            f"UA {100 * sum(s.ua for s in scores) / len(scores):.1f}",
            f"accuracy {100 * sum(s.accuracy for s in scores) / len(scores):.1f}",
        )
        if not (whole and lacking):
            for record, name in found:
                record.write(into / name)
                Record.read(into / name)


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("pack")
    command.add_argument("folder", type=Path)
    command.add_argument("--size", type=int, default=47, help="MiB of a piece")
    command.add_argument("--epochs", type=int, help="for a rehearsal")
    command.add_argument("--only", type=int, help="so many runs, for a rehearsal")
    command = commands.add_parser("probe")
    command.add_argument("counts", type=int, nargs="+")
    command.add_argument("--seconds", type=float, default=4)
    command.add_argument("--device", default="cuda")
    command.add_argument("--tune", action="store_true", help="cudnn.benchmark")
    command = commands.add_parser("run")
    command.add_argument("folder", type=Path)
    command.add_argument("out", type=Path)
    command.add_argument("--processes", type=int, default=4)
    command.add_argument("--seconds", type=float, default=500)
    command.add_argument("--tar", dest="tars", type=Path, action="append", default=[])
    command.add_argument("--device", default="cuda")
    command = commands.add_parser("home")
    command.add_argument("tars", type=Path, nargs="+")
    command.add_argument("into", type=Path)
    command.add_argument("--whole", action="store_true", help="rows with all seeds alone")
    options = vars(parser.parse_args())
    {"pack": pack, "probe": probe, "run": run, "home": home}[options.pop("command")](**options)


if __name__ == "__main__":
    sys.exit(main())
