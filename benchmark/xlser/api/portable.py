"""A grid for a machine that has neither corpora nor weights: packed, run there, and brought home.

`pack` writes what runs read into pieces; `run_packed` carries the grid out as any plan is, and goes
on where it stopped before; `bring_home` checks the records and adds them to leaderboards.
"""

import lzma
import pickle
import tarfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from xlser.api.grid import Grid, resolve
from xlser.api.options import RunOptions
from xlser.api.pipeline import Pipeline
from xlser.errors import ResultsError, SettingsError
from xlser.executors import Events, Local, Outcome, execute
from xlser.monitoring.bars import Bars, Steps
from xlser.monitoring.console import Messages
from xlser.monitoring.costs import Costs
from xlser.monitoring.progress import Progress
from xlser.monitoring.report import Report
from xlser.monitoring.status import StatusFile
from xlser.records import Record
from xlser.records.store import files, known_keys
from xlser.records.validate import validate
from xlser.runs import JobContext, PortableInputs, Request, Run, choose_precision, make_plan
from xlser.runs.inputs.features import FeaturesInMemory
from xlser.settings import cpu_count
from xlser.system.files import write_atomically

RECORDS = "records.tar.gz"
"""File in the folder of a packed grid's records that holds all of them."""

_EVERY = 60.0  # seconds between two writings of that file
_CHUNK = 4 << 20  # bytes that are compressed at a time
_FILTERS = (
    {"id": lzma.FILTER_DELTA, "dist": 128},  # bytes of a frame: 64 bands of float16
    {"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 0, "lp": 1, "pb": 1},
)


@dataclass(frozen=True)
class PackedGrid:
    """What another machine needs beside the suite.

    Attributes:
        request: the runs.
        precision: of training, as it was asked for.
        inputs: features of all utterances of these runs, and the backbone with its weights.
        recorded: keys of runs that have a record where the grid was packed.
        versions: of packages that both machines must have alike.
    """

    request: Request
    precision: Literal["auto", "fp32", "bf16"]
    inputs: PortableInputs
    recorded: frozenset[str]
    versions: dict[str, str]


def pack(options: RunOptions, folder: Path, size: int, messages: Messages, bars: Bars) -> Grid:
    """Write a grid with all that it needs into files of at most `size` MiB.

    Args:
        options: of the runs; those that their leaderboards have a record of are left out.
        folder: receives `piece-01-of-02` and so on; those of an earlier grid are removed.
        size: of a piece, MiB.
        messages: receives what is left out, and the pieces.
        bars: of the terminal.

    Raises:
        XlserError: the grid cannot begin.
        SettingsError: all runs are recorded.
    """
    grid = resolve(options, messages)
    steps = Steps(bars, messages)
    pipeline = Pipeline.gather(
        grid.protocol, grid.request.targets, grid.backbone, grid.settings, steps
    )
    plan = pipeline.plan(grid.request, options.leaderboards / grid.protocol.name / "results")
    if not plan.todo:
        raise SettingsError(
            f"All {len(plan.done)} runs are recorded in {options.leaderboards}.",
            "Ask for other runs.",
        )
    inputs = _of(plan.todo, pipeline.inputs(grid.request.track).prepared(steps).portable())
    recorded = frozenset(run.key for run in plan.done)
    whole = pickle.dumps(PackedGrid(grid.request, options.precision, inputs, recorded, _versions()))
    parts = [whole[start : start + _CHUNK] for start in range(0, len(whole), _CHUNK)]
    with ThreadPoolExecutor(cpu_count()) as pool:  # lzma lets other threads work
        compress = partial(lzma.compress, filters=_FILTERS)
        stream = pickle.dumps(list(pool.map(compress, parts)))
    count = -(-len(stream) // (size << 20))
    length = -(-len(stream) // count)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("piece-*"):
        old.unlink()
    for number in range(count):
        path = folder / f"piece-{number + 1:02}-of-{count:02}"
        path.write_bytes(stream[number * length : (number + 1) * length])
        messages(f"{path}: {path.stat().st_size / 2**20:.1f} MiB")
    messages(f"{len(plan.todo)} runs; {len(plan.done)} others are recorded")
    return grid


def _of(runs: Sequence[Run], inputs: PortableInputs) -> PortableInputs:
    """Return inputs with the features that runs use alone."""
    used = {id_ for run in runs for id_ in run.scenario.emotion}
    features = {}
    for corpus, held in inputs.features.items():
        ids = tuple(id_ for id_ in held.ids if id_ in used)
        speech = held.speech(ids)
        features[corpus] = FeaturesInMemory(ids, speech.features.numpy(), speech.lengths.numpy())
    return replace(inputs, features=features)


def unpack(folder: Path) -> PackedGrid:
    """Return a packed grid.

    Pieces are pickled: only those of one's own are to be opened.

    Raises:
        SettingsError: pieces are missing, or of other versions of the suite or of torch.
    """
    paths = sorted(folder.glob("piece-*"))
    count = int(paths[0].name.rpartition("-")[2]) if paths else 0
    if not paths or len(paths) != count:
        raise SettingsError(
            f"{folder} holds {len(paths)} pieces of {count or 'none'}.",
            "Copy every file that `xlser dev gpu-grid pack` wrote.",
        )
    stream = b"".join(path.read_bytes() for path in paths)
    with ThreadPoolExecutor(cpu_count()) as pool:
        whole = b"".join(pool.map(lzma.decompress, pickle.loads(stream)))  # checks a CRC
    packed: PackedGrid = pickle.loads(whole)
    if packed.versions != _versions():
        raise SettingsError(
            f"The pieces were packed by {_worded(packed.versions)}; here is "
            f"{_worded(_versions())}.",
            "Install the same versions on both machines, or pack anew.",
        )
    return packed


def _versions() -> dict[str, str]:
    return {name: version(name).partition("+")[0] for name in ("xlser", "torch")}


def _worded(versions: dict[str, str]) -> str:
    return " and ".join(f"{name} {number}" for name, number in versions.items())


def run_packed(
    folder: Path,
    out: Path,
    options: RunOptions,
    messages: Messages,
    bars: Bars,
    command: str,
) -> Outcome:
    """Carry out a packed grid, several runs side by side on one device.

    Args:
        folder: of the pieces.
        out: receives records, source models and, once a minute and in the end, `RECORDS`; runs
            whose record is there are not repeated.
        options: of them `jobs` and `device` are used.
        messages: receives what happens to the runs.
        bars: of the terminal.
        command: as `xlser status` shows it.

    Raises:
        XlserError: it cannot begin, or records cannot be written.
    """
    packed, executor = unpack(folder), Local(jobs=options.jobs)
    there = executor.device(options.device)
    inputs = packed.inputs.with_cache((out / "cache").resolve())
    protocol, track = inputs.catalogue.protocol, packed.request.track
    results = out / protocol.name / "results"
    results.mkdir(parents=True, exist_ok=True)
    precision = choose_precision(packed.precision, track, there)
    request = replace(packed.request, precision=precision)
    plan = make_plan(request, inputs.catalogue, inputs.backbone, results)
    plan = replace(plan, todo=[run for run in plan.todo if run.key not in packed.recorded])
    messages(f"{len(plan.todo)} runs to do, {len(plan.done)} recorded already; {there}")
    costs = Costs("cpu" if there.type == "cpu" else "gpu")
    context = JobContext(inputs, results, there, None, threads=executor.threads)
    began = time.monotonic()
    progress = Progress(seconds=costs.seconds)
    try:
        with Report(progress, bars, messages, StatusFile(results.parent, command)) as report:
            events = _archiving(report.events(), out)
            outcome = execute(plan, context, events, executor, costs.seconds)
    finally:
        _archive(out)
    minutes = (time.monotonic() - began) / 60
    messages(f"{outcome.finished} runs, {outcome.finished / minutes:.1f} a minute")
    return outcome


def _archiving(events: Events, out: Path) -> Events:
    """Return callbacks that also write the file of all records, no more than once a minute."""
    written = time.monotonic()

    def finished(run: Run, record: Record) -> None:
        nonlocal written
        events.finished(run, record)
        if time.monotonic() - written > _EVERY:
            _archive(out)
            written = time.monotonic()

    return replace(events, finished=finished)


def _archive(out: Path) -> None:
    """Write all records into one file, whole or not at all."""
    partial_ = out / f"{RECORDS}.partial"
    with tarfile.open(partial_, "w:gz", compresslevel=4) as tar:
        for results in sorted(out.glob("*/results")):
            for file in files(results, ".json"):
                tar.add(file, file.relative_to(out))
    partial_.replace(out / RECORDS)


def bring_home(archive: Path, leaderboards: Path) -> list[Path]:
    """Check records of another machine, and add those to leaderboards that they lack.

    Args:
        archive: `RECORDS` of that machine.
        leaderboards: folder.

    Returns:
        The files written.

    Raises:
        ResultsError: a record is not valid; nothing is written then.
    """
    written = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        if faults := validate(files(folder, ".json")).faults:
            listed = [f"{fault.path.relative_to(folder)}: {fault.what}" for fault in faults]
            raise ResultsError("\n".join(listed), "Run these anew; a record is never edited.")
        for results in sorted(folder.glob("*/results")):
            known = known_keys(leaderboards / results.relative_to(folder))
            for key, path in known_keys(results).items():
                if key not in known:
                    home = leaderboards / path.relative_to(folder)
                    write_atomically(home, path.read_bytes())
                    written.append(home)
    return written
