"""Core-seconds a run takes, by method, and what of them is not training.

    XLSER_DATA=/data/ser XLSER_WEIGHTS=/data/weights python -m tests.speed.runs
    python -m tests.speed.runs --methods sft svm --targets german italian --labels 0 100
    python -m tests.speed.runs --protocol v1 --against ../before    # a checkout to compare with
    python -m tests.speed.runs --protocol v1 --against ../before --schedule v2

Runs go one after the other in one process, the code here and the code there in turn, a method at a
time; seconds are those of the CPU, which other work on the machine hardly changes. With
`--schedule` the code here trains as another protocol states. Parts of a run: `fit`; `predict`;
`other` is all else: making the task, veiling, record, writing, progress, and its share of planning.
Source models, which runs share, are left out, and so is the start of a process. A checkout is
one that `Bench` can measure; for version 0.1 see `tests.speed.versions`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

BACKBONE = "audiontt-512"
HERE = Path(__file__).parents[2]


@contextmanager
def counted(owner: Any, name: str, counts: dict[str, float], part: str) -> Iterator[None]:
    """Add the CPU seconds of each call of a function to `counts[part]` in the block."""
    before = getattr(owner, name)

    def timed(*arguments: Any, **options: Any) -> Any:
        clock = time.process_time()
        try:
            return before(*arguments, **options)
        finally:
            counts[part] = counts.get(part, 0.0) + time.process_time() - clock

    setattr(owner, name, timed)
    try:
        yield
    finally:
        setattr(owner, name, before)


class Bench:
    """Corpora and embeddings of the code in this process, on which methods are measured."""

    def __init__(self, protocol: str, schedule: str, targets: Sequence[str]) -> None:
        import torch

        from xlser.api.pipeline import Pipeline
        from xlser.protocols import get_protocol
        from xlser.settings import Settings

        torch.set_num_threads(1)
        chosen = get_protocol(protocol)
        if schedule:
            states = {"schedule": get_protocol(schedule).schedule}
            chosen = chosen.model_copy(update=states)
        self._pipeline = Pipeline.gather(chosen, targets, BACKBONE, Settings.gather())
        self._pipeline.inputs("frozen").prepared()

    def measure(
        self,
        method: str,
        targets: Sequence[str],
        labels: Sequence[int],
        seeds: Sequence[int],
        folds: Sequence[int],
    ) -> dict[str, Any]:
        """Return the CPU seconds of a method's runs, by part, in all."""
        import torch

        from xlser.executors import Events, Local
        from xlser.methods import get_method
        from xlser.runs import Request, execution, source_models
        from xlser.runs.running.in_process import InThisProcess

        get_method(method)  # imports what it needs
        where = [method], {}, targets, labels, seeds
        asked = Request(*where, "frozen", "fp32", folds=folds)
        counts: dict[str, float] = {}
        with (
            TemporaryDirectory() as folder,
            counted(execution, "source_model", counts, "source"),
            counted(source_models, "_train", counts, "source trained"),
            counted(InThisProcess, "fit", counts, "fit"),
            counted(InThisProcess, "predict", counts, "predict"),
        ):
            results = Path(folder)
            began = time.process_time()
            plan = self._pipeline.plan(asked, results)
            counts["plan"] = time.process_time() - began
            device = torch.device("cpu")
            outcome = self._pipeline.execute(plan, results, device, Local(jobs=1), Events())
            whole = time.process_time() - began
            scores = {
                path.stem: json.loads(path.read_bytes())["scores"]["target"]["ua"]
                for path in sorted(results.rglob("*.json"))
            }
        if outcome.failures or not plan.todo:
            return {"runs": 0}
        return {**counts, "whole": whole, "runs": len(plan.todo), "scores": scores}


class Code:
    """Code in a process of its own, which answers lines of JSON with lines of JSON.

    Args:
        command: of the process.
        environment: variables that differ from those here.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command, cwd=HERE, env={**os.environ, **environment}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, *asked: object) -> Any:
        """Return what it answers."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


def code_of(checkout: Path, *of_bench: object, **variables: str) -> Code:
    """Return the code of a checkout, which `Bench.measure` serves.

    Args:
        checkout: this one, or another whose packages need the same environment.
        of_bench: arguments of `Bench`.
        variables: of the environment.
    """
    paths = [checkout / "benchmark", checkout / "baselines", HERE]
    command = [sys.executable, "-m", "tests.speed.runs", "--serve", json.dumps(of_bench)]
    return Code(command, {"PYTHONPATH": os.pathsep.join(map(str, paths)), **variables})


def _serve(of_bench: Sequence[Any]) -> None:
    bench = Bench(*of_bench)
    for line in sys.stdin:
        print(json.dumps(bench.measure(*json.loads(line))), flush=True)


def a_run(measured: Mapping[str, Any]) -> dict[str, float]:
    """Return CPU seconds a run by part, without those of source models."""
    runs = measured["runs"]
    fit, predict = measured["fit"] / runs, measured.get("predict", 0.0) / runs
    whole = (measured["whole"] - measured.get("source trained", 0.0)) / runs
    return {"fit": fit, "predict": predict, "other": whole - fit - predict, "whole": whole}


def _difference(measured: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return how far the scores of two measurements are apart."""
    mine, theirs = measured["scores"], other["scores"]
    if mine.keys() != theirs.keys():
        return "other runs"
    far = max(abs(mine[key] - theirs[key]) for key in mine)
    return "no" if far == 0 else f"{100 * far:.1f} points"


def main() -> None:
    """Print a row a method, and their mean."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--methods", nargs="+")
    parser.add_argument("--protocol", default="v2")
    parser.add_argument("--schedule", default="", help="of another protocol")
    parser.add_argument("--targets", nargs="+", default=["german"])
    parser.add_argument("--labels", nargs="+", type=int, default=[25])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--folds", nargs="+", type=int, default=[0])
    parser.add_argument("--against", type=Path, help="a checkout whose code is measured as well")
    given = parser.parse_args()
    if given.serve:
        _serve(json.loads(given.serve))
        return

    from tests.speed.material import surroundings

    from xlser.methods import method_names

    print(surroundings(), end="\n\n")
    asked = given.targets, given.labels, given.seeds, given.folds
    here = code_of(HERE, given.protocol, given.schedule, given.targets)
    there = given.against and code_of(given.against.resolve(), given.protocol, "", given.targets)
    for code in filter(None, (here, there)):
        code.ask("lower-bound", *asked)  # the first runs of a process import and fill caches
    columns = ["method", "fit", "predict", "other", "a run", "not training"]
    columns += ["before: fit", "other", "a run", "ratio", "UA differs"] if there else []
    print(f"| {' | '.join(columns)} |", f"|:--{'|--:' * (len(columns) - 1)}|", sep="\n")
    mine, theirs = [], []
    for method in given.methods or method_names():
        now = here.ask(method, *asked)
        before = there.ask(method, *asked) if there else None
        if not now["runs"]:
            print(f"| {method} | does not run so |", flush=True)
            continue
        mine.append(a_run(now))
        row = _row(mine[-1])
        if before:
            theirs.append(a_run(before))
            row += _before(theirs[-1], mine[-1], _difference(now, before))
        print(f"| {method} | {' | '.join(row)} |", flush=True)
    mean = _mean(mine)
    row = _row(mean) + (_before(_mean(theirs), mean, "") if theirs else [])
    print(f"| **mean of {len(mine)} methods** | {' | '.join(row)} |")


def _mean(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {part: fmean(row[part] for row in rows) for part in rows[0]}


def _before(before: Mapping[str, float], now: Mapping[str, float], differs: str) -> list[str]:
    parts = [f"{before[part]:.3f}" for part in ("fit", "other", "whole")]
    return [*parts, f"{before['whole'] / now['whole']:.2f}", differs]


def _row(parts: Mapping[str, float]) -> list[str]:
    share = 1 - parts["fit"] / parts["whole"]
    return [*(f"{value:.3f}" for value in parts.values()), f"{100 * share:.0f} %"]


if __name__ == "__main__":
    main()
