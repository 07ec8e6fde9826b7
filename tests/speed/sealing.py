"""What a sealed run costs beside an open one.

    python -m tests.speed.sealing                                            # the demo
    XLSER_DATA=/data/ser XLSER_WEIGHTS=/data/weights python -m tests.speed.sealing --protocol v1

All runs of a small grid go one after the other in one process, open and sealed in turn, each grid
five times. Source models and embeddings are made before. Seconds are those of the clock, a median;
the start of the sealed template, once for all runs of a process, is apart.
"""

import argparse
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.demo import Demo, request
from tests.speed.material import CPU

from xlser.sealing.template import means, sealed_process
from xlser.settings import Settings

TURNS = 5
METHODS = ("lower-bound", "sft", "svm", "fixmatch", "deep-coral", "hard-pseudo-labels")
BACKBONES = {"demo": "logmel-functionals", "v1": "audiontt-512"}
BUDGETS = {"demo": (0, 20), "v1": (0, 100)}


def measure(protocol: str) -> None:
    """Print seconds a run, open and sealed."""
    settings = Settings.gather()
    grid = Demo(settings.cache, protocol, data=settings.data, weights=settings.weights)
    pipeline = grid.pipeline(backbone=BACKBONES[protocol])
    asked = request(METHODS, labels=BUDGETS[protocol])

    def seconds(isolate: bool) -> tuple[float, int]:
        with TemporaryDirectory() as folder:
            results = Path(folder) / protocol / "results"
            plan = pipeline.plan(asked, results)
            clock = time.perf_counter()
            outcome = pipeline.execute(plan, results, CPU, isolate=isolate)
            taken = time.perf_counter() - clock
        assert not outcome.failures, outcome.failures[0]
        return taken, len(plan.todo)

    _, runs = seconds(isolate=False)
    clock = time.perf_counter()
    with sealed_process((), False, 0):
        start = time.perf_counter() - clock
    turns = [(seconds(isolate=False)[0], seconds(isolate=True)[0]) for _ in range(TURNS)]
    opened, sealed = (median(times) / runs for times in zip(*turns, strict=True))
    print(
        f"{protocol}: {runs} runs, sandbox {means().how}; a run takes {opened:.3f} s open, "
        f"{sealed:.3f} s sealed: {sealed / opened:.2f} times, {sealed - opened:.3f} s more; "
        f"the template starts in {start:.2f} s"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--protocol", choices=sorted(BACKBONES), default="demo")
    measure(parser.parse_args().protocol)
