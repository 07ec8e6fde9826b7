"""`python -m tests.tools.many_jobs [RUNS ...]`: tiny runs through Ray, and what they cost.

Each number of runs (1,000 and 10,000 unless others are given) has a driver of its own, with a
cluster of this machine.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.packages import FAULTY, install

from xlser.executors import execute

_TARGETS = ("french", "german", "italian", "persian")


def main() -> None:
    counts = [int(count) for count in sys.argv[1:]] or [1000, 10_000]
    with tempfile.TemporaryDirectory() as folder:
        site = install(FAULTY, Path(folder, "site"))
        for count in counts:
            environment = {
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(site), str(Path.cwd())]),
            }
            command = [sys.executable, "-c", f"from {__spec__.name} import drive; drive()"]
            subprocess.run([*command, folder, str(count)], env=environment, check=True)


def drive() -> None:
    """Drive a plan of so many runs, and print what it took."""
    import torch
    from tests.demo import Demo, request

    from xlser.executors import Events
    from xlser.executors.ray_cluster import Ray
    from xlser.records import Record
    from xlser.runs import JobContext, Run, make_plan
    from xlser.settings import cpu_count

    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    results = folder / str(count) / "demo" / "results"
    demo = Demo(folder / "cache")
    asked = request(["uniform"], _TARGETS, seeds=(), repeats=-(-count // 12))
    inputs = demo.inputs(targets=_TARGETS)
    before, began = resident("VmRSS"), time.perf_counter()
    plan = make_plan(asked, inputs.catalogue, inputs.backbone, results)
    planned, held = time.perf_counter() - began, resident("VmRSS") - before
    ends: list[float] = []
    own: list[float] = []

    def finished(run: Run, record: Record) -> None:
        ends.append(time.perf_counter())
        own.append(sum(record.seconds.values()))

    shared = JobContext(inputs, results, torch.device("cpu"))
    outcome = execute(plan, shared, Events(finished=finished), Ray())
    written = {Record.read(path).key for path in results.rglob("*.json")}
    took = ends[-1] - ends[0]
    overhead = (took * cpu_count() - sum(own[1:])) / (len(ends) - 1)
    print(
        f"{len(plan.todo)} runs: {len(written)} records, {len(outcome.failures)} failures; "
        f"planned in {planned:.1f} s and {held} MiB; first after {ends[0] - began:.1f} s, "
        f"then {(len(ends) - 1) / took:.1f} runs/s by {cpu_count()} workers, "
        f"{1000 * overhead:.0f} ms a run and worker beside the runs' own "
        f"{1000 * sum(own) / len(own):.0f} ms; driver's peak {resident('VmHWM')} MiB",
        flush=True,
    )


def resident(kind: str) -> int:
    """MiB that this process holds (VmRSS) or held at most (VmHWM)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) >> 10 for line in status.splitlines() if line.startswith(kind))


if __name__ == "__main__":
    main()
