"""What executors gain and what they cost.

    XLSER_DATA=/data/ser XLSER_WEIGHTS=/data/weights python -m tests.speed.executors

prints the speed-up of two processes of this machine over one, on a frozen and on a fine-tune grid
of v1's German, with all they take: the start of the workers and the source models. Fine-tuning is
of two epochs, in bfloat16 where the hardware has it; one process has all threads, two share them.

Then what an executor adds to a run: how much longer many trivial runs of the demo take than a few,
over the difference of their number, less the same in one process without any executor.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import torch
from tests.packages import FAULTY, install
from tests.speed.material import CPU, surroundings

from xlser.backbones import pretrained
from xlser.executors import Events, Executor, Local, execute, get_executor
from xlser.methods import Track
from xlser.protocols import Schedule, get_protocol
from xlser.runs import Inputs, JobContext, Request, choose_precision, gather, make_plan
from xlser.settings import Settings

ROUNDS = 3
FEW, MANY = 40, 240
GRIDS: Mapping[Track, Sequence[str]] = {
    "frozen": ["lower-bound", "sft", "svm", "mcc", "dann", "soft-pseudo-labels", "upper-bound"],
    "finetune": ["lower-bound", "sft", "upper-bound"],
}


class Grid:
    """Runs of one protocol, whose features are in a cache of their own.

    Args:
        protocol: name.
        asked: which runs, all of German.
        backbone: name.
        settings: where things lie.
        epochs: of each stage, where not those of the protocol.
    """

    def __init__(
        self, protocol: str, asked: Request, backbone: str, settings: Settings, epochs: int = 0
    ) -> None:
        chosen = get_protocol(protocol)
        if epochs:
            chosen = chosen.model_copy(update={"schedule": Schedule(epochs=epochs)})
        self._asked = asked
        catalogue = gather(chosen, asked.targets, settings)
        network = pretrained(backbone, settings)
        self._inputs = Inputs(catalogue, network, asked.track, settings.cache).prepared()

    def seconds(
        self, executor: Executor, runs: int | None = None, timeout: float | None = None
    ) -> float:
        """Carry out the grid, or its first runs; return how long that took."""
        rmtree(self._inputs.cache / "source-models", ignore_errors=True)
        with TemporaryDirectory() as folder:
            results = Path(folder)
            plan = make_plan(self._asked, self._inputs.catalogue, self._inputs.backbone, results)
            plan = replace(plan, todo=plan.todo[:runs])
            threads = executor.threads
            shared = JobContext(self._inputs, results, CPU, False, timeout, threads)
            began = perf_counter()
            outcome = execute(plan, shared, Events(), executor)
            took = perf_counter() - began
        assert outcome.finished == len(plan.todo), outcome.failures
        return took


def speed_up(track: Track, cache: Path) -> str:
    """Return a row: seconds in one process and in two, and their ratio, medians of rounds."""
    seeds = [0, 1] if track == "finetune" else [0, 1, 2]
    labels = [100] if track == "finetune" else [0, 100]
    precision = choose_precision("auto", track, CPU)
    asked = Request(GRIDS[track], {}, ["german"], labels, seeds, track, precision)
    settings = Settings.gather().model_copy(update={"cache": cache})
    grid = Grid("v1", asked, "audiontt-512", settings, epochs=2 if track == "finetune" else 0)
    one, two = [], []
    for _ in range(ROUNDS):  # in turn, so that the drift of a machine meets both alike
        one.append(grid.seconds(Local(jobs=1)))
        two.append(grid.seconds(Local(jobs=2)))
    ratio = median(a / b for a, b in zip(one, two, strict=True))
    return f"| {track} | {median(one):.1f} s | {median(two):.1f} s | {ratio:.2f} |"


def milliseconds_a_run(cache: Path) -> dict[str, float]:
    """Return what a trivial run takes, by executor, one at a time."""
    asked = Request(["uniform"], {}, ["german"], [0], [0], "frozen", "fp32", repeats=MANY)
    grid = Grid("demo", asked, "logmel-functionals", Settings(cache=cache))
    executors: dict[str, tuple[Executor, float | None]] = {
        "this process": (Local(jobs=1), None),
        "local, a worker": (Local(jobs=1), 3600.0),  # with a timeout it is a process of its own
        "ray": (get_executor("ray", {"jobs": 1}), None),
    }
    took: dict[str, list[float]] = {name: [] for name in executors}
    for _ in range(ROUNDS):
        for name, (executor, timeout) in executors.items():
            more = grid.seconds(executor, MANY, timeout) - grid.seconds(executor, FEW, timeout)
            took[name].append(1000 * more / (MANY - FEW))
    return {name: median(of) for name, of in took.items()}


def main() -> None:
    """Print both tables."""
    print(surroundings(), f"{torch.get_num_threads()} threads", sep="; ", end="\n\n")
    with TemporaryDirectory() as folder:
        print("| grid | one process | two | speed-up |", "|:--|--:|--:|--:|", sep="\n")
        for track in GRIDS:
            print(speed_up(track, Path(folder)), flush=True)
    with TemporaryDirectory() as folder:
        site = str(install(FAULTY, Path(folder, "site")))
        sys.path.append(site)
        os.environ["PYTHONPATH"] = site  # of processes that are started
        took = milliseconds_a_run(Path(folder, "cache"))
    print("\n| executor | a trivial run | added |", "|:--|--:|--:|", sep="\n")
    for name, of in took.items():
        print(f"| {name} | {of:.1f} ms | {of - took['this process']:+.1f} ms |")


if __name__ == "__main__":
    main()
