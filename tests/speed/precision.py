"""What bfloat16 costs: the German lower bound, fine-tuned for a few epochs in either precision.

    XLSER_DATA=/data/ser XLSER_WEIGHTS=/data/weights python -m tests.speed.precision

prints accuracies of three seeds. Every figure is of one epoch near the start of training, where
a seed alone moves it by points: what is looked at is whether the precisions differ by more.
"""

from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory

import torch
from tests.speed.material import CPU, surroundings

from xlser.backbones import pretrained
from xlser.executors import Events, execute
from xlser.methods import Precision
from xlser.protocols import Schedule, get_protocol
from xlser.records import Record
from xlser.runs import Inputs, JobContext, Request, gather, make_plan
from xlser.settings import Settings

EPOCHS = 4
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")


def main() -> None:
    """Print a table."""
    protocol = get_protocol("v1").model_copy(update={"schedule": Schedule(epochs=EPOCHS)})
    settings = Settings.gather()
    catalogue = gather(protocol, ["german"], settings)
    backbone = pretrained("audiontt-512", settings)
    inputs = Inputs(catalogue, backbone, "finetune", settings.cache).prepared()
    print(surroundings(), end="\n\n")
    print("| precision | UA of seeds | mean | standard deviation | seconds a run |")
    print("|:--|--:|--:|--:|--:|")
    for precision in PRECISIONS:
        request = Request(["lower-bound"], {}, ["german"], [0], [], "finetune", precision)
        with TemporaryDirectory() as folder:
            results = Path(folder)
            plan = make_plan(request, catalogue, backbone, results)
            records: list[Record] = []
            events = Events(finished=lambda run, record, to=records: to.append(record))
            outcome = execute(plan, JobContext(inputs, results, torch.device(CPU)), events)
        for _, trace in outcome.failures:
            print(trace)
        figures = [100 * record.scores["target"].ua for record in records]
        took = mean(sum(record.seconds.values()) for record in records)
        seeds = ", ".join(f"{figure:.1f}" for figure in figures)
        row = f"{mean(figures):.1f} | {stdev(figures):.1f} | {took:.0f}"
        print(f"| {precision} | {seeds} | {row} |", flush=True)


if __name__ == "__main__":
    main()
