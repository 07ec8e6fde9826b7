"""Draws how FreeMatch's thresholds and SoftMatch's weights move over a run of `v1`.

    python -m tests.tools.thresholds docs/studies/thresholds.svg

German, frozen track, seed 0, 25 labels; beside it the momentum of 0.999 that is made for 102,400
steps. Prints kept shares and weights by quarter of training. Needs XLSER_DATA and XLSER_WEIGHTS.
"""

import math
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib
import torch
from torch import Tensor

from xlser.backbones import pretrained
from xlser.methods import Task
from xlser.methods.calls import seed_everything
from xlser.protocols import get_protocol
from xlser.runs import Inputs, Run, choose_device, gather
from xlser.runs.task import make_task
from xlser.settings import Settings
from xlser.training import GradientMethod, SelfAdaptiveThreshold, Step, train_source_model
from xlser_baselines.freematch import FreeMatch
from xlser_baselines.softmatch import SoftMatch

Notes = list[tuple[float, Tensor, Tensor]]


class NotingThreshold(SelfAdaptiveThreshold):
    """Notes the thresholds of the classes and what was kept at each step."""

    notes: Notes

    def __call__(self, probabilities: Tensor, progress: float) -> Tensor:
        kept = super().__call__(probabilities, progress)
        self.notes.append((progress, self.thresholds(), kept))
        return kept


class NotingFree(FreeMatch):
    """FreeMatch whose threshold takes notes."""

    def setup(self, task: Task) -> None:
        super().setup(task)
        self._threshold = NotingThreshold(len(task.classes), self.half_life, task.device)
        self.notes: Notes = []
        self._threshold.notes = self.notes


class NotingSoft(SoftMatch):
    """Notes the mean confidence that the weight compares with, and the weights."""

    def setup(self, task: Task) -> None:
        super().setup(task)
        self.notes: Notes = []

    def weigh(self, p: Tensor, step: Step) -> Tensor:
        weight = super().weigh(p, step)
        self.notes.append((step.progress, self._weight._mean[None], weight))
        return weight


def german(labels: int) -> Task:
    """Return the task of `v1`, German, seed 0, with its source model."""
    settings = Settings.gather()
    catalogue = gather(get_protocol("v1"), ("german",), settings)
    backbone = pretrained("audiontt-512", settings)
    inputs = Inputs(catalogue, backbone, "frozen", settings.cache).prepared()
    run = Run(FreeMatch(), catalogue.scenario("german", labels, 0), "frozen", "fp32", 0, {})
    task = make_task(run, inputs, choose_device("cpu"))
    return replace(task, source_model=train_source_model(task))


def noted(method: Any, task: Task) -> tuple[list[float], Tensor, Tensor]:
    """Fit and return progress, thresholds (steps, ...) and weights (steps, unlabelled)."""
    seed_everything(0)
    method.fit(task)
    progress, thresholds, weights = zip(*method.notes, strict=True)
    return list(progress), torch.stack(thresholds), torch.stack(weights)


def draw(found: Mapping[str, tuple[list[float], Tensor, Tensor]], path: Path) -> None:
    """Draw thresholds above, weights below, a column a method and momentum."""
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "xlser"
    from matplotlib import pyplot

    shape = {"figsize": (2.9 * len(found), 4.6), "sharex": True, "sharey": True}
    figure, axes = pyplot.subplots(2, len(found), **shape)
    classes = get_protocol("v1").classes
    for (title, (progress, thresholds, weights)), (above, below) in zip(
        found.items(), axes.T, strict=True
    ):
        kinds = classes if thresholds.shape[1] > 1 else ("mean confidence",)
        where = in_bins(torch.tensor(progress))
        for kind, values in zip(kinds, thresholds.T, strict=True):
            above.plot(where, in_bins(values), linewidth=1, label=kind)
        below.plot(where, in_bins(weights.mean(dim=1)), linewidth=1, label="mean")
        lowest = in_bins(weights.quantile(0.05, dim=1))
        below.plot(where, lowest, linewidth=1, linestyle="--", label="5 % lie below")
        above.set(title=title.replace(", ", "\n"), ylim=(0, 1.05))
        above.legend(loc="lower right", fontsize=7)
        below.legend(loc="lower right", fontsize=7)
        below.set(xlabel="share of training")
    axes[0, 0].set_ylabel("threshold")
    axes[1, 0].set_ylabel("weight of unlabelled\nutterances")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def in_bins(values: Tensor, bins: int = 60) -> list[float]:
    """Return the mean of consecutive steps, in as many bins."""
    return [part.mean().item() for part in values.chunk(bins)]


def main() -> None:
    """Print and draw."""
    parser = ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("--labels", type=int, default=25)
    given = parser.parse_args()
    torch.set_num_threads(1)
    task = german(given.labels)
    found = {}
    kinds: tuple[type[GradientMethod], ...] = (NotingFree, NotingSoft)
    steps = 0
    for kind in kinds:
        found[kind.name] = noted(kind(), task)
        steps = len(found[kind.name][0])
    slow = math.log(0.5) / math.log(0.999) / steps
    for kind in kinds:
        found[f"{kind.name}, momentum 0.999"] = noted(kind(half_life=slow), task)
    for title, (progress, _, weights) in found.items():
        quarters = weights.chunk(4)
        mean = " ".join(f"{q.mean():.3f}" for q in quarters)
        least = " ".join(f"{q.amin():.3f}" for q in quarters)
        print(f"{title}: {len(progress)} steps; by quarter mean {mean}, smallest {least}")
    draw(found, given.path)


if __name__ == "__main__":
    main()
