"""How time and memory grow with utterances, records, runs and targets, from 1 to 8 times as many.

    python -m tests.speed.growth docs/speed

writes `growth.json` and `growth.svg` into the folder and prints a table. Every
measurement is taken in a process of its own, so that a peak of memory is that of one stage. What a
stage needs is loaded before the clock starts. Seconds are those of the CPU, of all cores.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tests.records import committed
from tests.speed.material import CPU, copies, inventories_at_hand, speech_of, surroundings

from xlser.api.pipeline import Pipeline
from xlser.audio import FrontEnd, prepare
from xlser.backbones import get_backbone
from xlser.corpora import Inventory
from xlser.executors import Local
from xlser.leaderboards.figures.canvas import COLOURS, MARKERS, picture
from xlser.methods import Labelled, Schedule, Speech, Task
from xlser.protocols import get_protocol
from xlser.runs import Request
from xlser.settings import Settings
from xlser.site import write_leaderboard
from xlser.system.memory import keep_pages
from xlser.training import embed, train_source_model

TIMES = (1, 2, 4, 8)
TARGETS = ("german", "italian", "french", "persian")  # of the demo
UTTERANCES = 200
METHODS = 20  # of which a leaderboard has a record for each budget and seed
PLANNED, RUNS = 250, 5
RECORDS = Path(__file__).parents[2] / "leaderboards/v1/results"


def prepare_(times: int, work: Path) -> Callable[[], object]:
    """Compute log-mels."""
    more = copies(_base(), times)
    few = replace(more, utterances=more.utterances[:10])
    prepare(few, FrontEnd(), work / "few")  # what it is done with is imported by now
    return lambda: prepare(more, FrontEnd(), work)


def train(times: int, work: Path) -> Callable[[], object]:
    """Fine-tune for an epoch."""
    speech = _speech(times, work)
    emotion = torch.arange(len(speech)) % 5
    none = Labelled(speech[emotion[:0]], emotion[:0])
    task = Task(
        source=Labelled(speech, emotion),
        source_validation=none,
        target_labelled=none,
        target_unlabelled=none.speech,
        classes=("a", "b", "c", "d", "e"),
        seed=0,
        device=CPU,
        track="finetune",
        schedule=Schedule(epochs=1),
        backbone=get_backbone("audiontt-512"),
    )
    return lambda: train_source_model(task)


def evaluate(times: int, work: Path) -> Callable[[], object]:
    """Embed whole utterances."""
    speech, network = _speech(times, work), get_backbone("audiontt-512")()
    return lambda: embed(network, speech)


def render(times: int, work: Path) -> Callable[[], object]:
    """Write a leaderboard from records."""
    v1 = get_protocol("v1")
    template = committed.record("sft-k100-s0-")
    for method in range(METHODS * times):
        stamp = template.method.model_copy(update={"name": f"method-{method}"})
        for labels in (0, 25, 50, 100):
            for seed in v1.seeds:
                key = f"{method}-{labels}-{seed}"
                changes = {"key": key, "method": stamp, "labels": labels, "seed": seed}
                record = template.model_copy(update=changes)
                record.write(work / "v1/results" / f"{key}.json")
    return lambda: write_leaderboard(v1, work)


def plan(times: int, work: Path) -> Callable[[], object]:
    """Plan frozen runs."""
    pipeline = _demo(work)
    pipeline.plan(_request(1, 1), work)  # computes embeddings
    return lambda: pipeline.plan(_request(1, PLANNED * times), work)


def run(times: int, work: Path) -> Callable[[], object]:
    """Carry out frozen runs of one target in this process."""
    return _carrying_out(1, RUNS * times, work)


def targets(times: int, work: Path) -> Callable[[], object]:
    """Carry out frozen runs of several targets in this process."""
    return _carrying_out(times, RUNS, work)


def _carrying_out(targets: int, repeats: int, work: Path) -> Callable[[], object]:
    pipeline = _demo(work)
    first = pipeline.plan(_request(targets, 1), work / "first")
    pipeline.execute(first, work / "first", CPU)  # trains the source model

    def carry_out() -> None:
        todo = pipeline.plan(_request(targets, repeats), work / "runs")
        outcome = pipeline.execute(todo, work / "runs", CPU, Local(jobs=1))
        assert outcome.finished == targets * repeats, outcome

    return carry_out


def _demo(work: Path) -> Pipeline:
    settings = Settings(data=(), cache=work / "cache")
    return Pipeline.gather(get_protocol("demo"), TARGETS, "logmel-functionals", settings)


def _request(targets: int, repeats: int) -> Request:
    where = TARGETS[:targets], [20], [0]
    return Request(["sft"], {}, *where, "frozen", "fp32", repeats=repeats)


@dataclass(frozen=True)
class Stage:
    """A piece of work.

    Attributes:
        of: what there is 1, 2, ... times as much of.
        work: makes it from the size and a folder.
        times: sizes.
    """

    of: str
    work: Callable[[int, Path], Callable[[], object]]
    times: tuple[int, ...] = TIMES


STAGES = {
    "prepare": Stage(f"{UTTERANCES} utterances", prepare_),
    "train": Stage(f"{UTTERANCES} utterances", train),
    "evaluate": Stage(f"{UTTERANCES} utterances", evaluate),
    "render": Stage(f"{METHODS * 12} records", render),
    "plan": Stage(f"{PLANNED} runs", plan),
    "run": Stage(f"{RUNS} runs", run),
    "targets": Stage(f"a target ({RUNS} runs)", targets, (1, 2, 4)),
}


@dataclass(frozen=True)
class Growth:
    """What a stage took.

    Attributes:
        times: sizes.
        seconds: of the CPU, at each of them.
        mebibytes: peaks of memory, likewise.
        slope: of the logarithm of seconds over that of the size: 1 is linear.
        memory_slope: likewise of memory.
    """

    times: tuple[int, ...]
    seconds: tuple[float, ...]
    mebibytes: tuple[float, ...]
    slope: float
    memory_slope: float

    def __str__(self) -> str:
        """Return cells of a table."""
        seconds = " / ".join(f"{value:.3g}" for value in self.seconds)
        memory = " / ".join(f"{value:.0f}" for value in self.mebibytes)
        return f"{seconds} | {self.slope:.2f} | {memory} | {self.memory_slope:.2f}"


def grow(stage: str) -> Growth:
    """Measure a stage at every size."""
    seconds, mebibytes = [], []
    sizes = STAGES[stage].times
    for times in sizes:
        took, peak = _in_own_process(stage, times)
        seconds.append(took)
        mebibytes.append(peak)
    slopes = (_slope(sizes, seconds), _slope(sizes, mebibytes))
    return Growth(sizes, tuple(seconds), tuple(mebibytes), *slopes)


def _slope(sizes: Sequence[int], values: Sequence[float]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def _in_own_process(stage: str, times: int) -> tuple[float, float]:
    with TemporaryDirectory() as work:
        command = [sys.executable, "-m", "tests.speed.growth", stage, str(times), work]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seconds, mebibytes = json.loads(done.stdout)
    return seconds, mebibytes


def _measure(stage: str, times: int, work: Path) -> None:
    keep_pages()
    work_to_do = STAGES[stage].work(times, work)
    start = _cpu_seconds()
    work_to_do()
    seconds = _cpu_seconds() - start
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def _cpu_seconds() -> float:
    """Return what this process and its ended children spent; other work hardly changes it."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def _base() -> Inventory:
    smallest = min(inventories_at_hand(), key=lambda inventory: len(inventory.utterances))
    return replace(smallest, utterances=smallest.utterances[:UTTERANCES])


def _speech(times: int, work: Path) -> Speech:
    return speech_of([prepare(_base(), FrontEnd(), work)] * times)


def draw(growths: Mapping[str, Growth], heading: str) -> bytes:
    """Return the picture of time and memory over size, as SVG."""

    def panels(canvas: Figure) -> None:
        time_, memory = canvas.subplots(1, 2)
        for (stage, growth), colour, marker in zip(growths.items(), COLOURS, MARKERS, strict=False):
            look = {"color": colour, "marker": marker, "label": f"{stage} ({growth.slope:.2f})"}
            time_.plot(growth.times, growth.seconds, **look)
            memory.plot(growth.times, growth.mebibytes, **look)
        time_.set_yscale("log")
        time_.yaxis.set_major_formatter("{x:g}")
        memory.set_ylim(bottom=0)
        _frame(time_, "core-seconds")
        _frame(memory, "peak memory, MiB")
        canvas.legend(*time_.get_legend_handles_labels(), loc="outside lower center", ncols=4)

    return picture(panels, heading, height=3.6)


def _frame(axes: Axes, quantity: str) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks(TIMES, [f"{times}x" for times in TIMES])
    axes.minorticks_off()
    axes.set_title(quantity, loc="left")


def main(folder: Path) -> None:
    """Measure, and write the figures."""
    growths = {stage: grow(stage) for stage in STAGES}
    heading = "in brackets the slope of time, 1 is linear"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "growth.svg").write_bytes(draw(growths, heading))
    base = {stage: of.of for stage, of in STAGES.items()}
    about = {"surroundings": surroundings(), "base": base}
    stages = {stage: asdict(growth) for stage, growth in growths.items()}
    (folder / "growth.json").write_text(json.dumps(about | {"stages": stages}, indent=1) + "\n")
    print(surroundings(), end="\n\n")
    print("| stage | 1x | core-seconds at 1x, 2x, 4x, 8x | slope | peak memory, MiB | slope |")
    print("|:--|:--|:--|--:|:--|--:|")
    for stage, growth in growths.items():
        print(f"| {stage} | {STAGES[stage].of} | {growth} |")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        main(Path(sys.argv[1]))
    else:
        _measure(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
