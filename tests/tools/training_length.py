"""Measures and draws what the length of training gives and costs, on source speakers alone.

    python -m tests.tools.training_length run docs/studies/steps.jsonl
    python -m tests.tools.training_length draw docs/studies/steps.jsonl docs/studies/steps.svg

Each English corpus of `v2` with enough speakers stands in for a target language: the other English
corpora train, its speakers are dealt into three folds. No speech of a target language is read. A
line of the file is a run; a run that is there is not repeated. Needs XLSER_DATA and XLSER_WEIGHTS.
"""

import json
import time
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import matplotlib
import numpy as np
import torch

from xlser.backbones import pretrained
from xlser.methods import Task, get_method
from xlser.methods.calls import seed_everything
from xlser.metrics import score
from xlser.protocols import (
    Presentation,
    Protocol,
    Schedule,
    Split,
    freeze,
    get_protocol,
    published_utterances,
)
from xlser.protocols.rules.kfold import kfold_speakers
from xlser.runs import Inputs, Run, choose_device, gather
from xlser.runs.running.in_process import threads_for
from xlser.runs.task import make_task
from xlser.settings import Settings
from xlser.training import new_model, train_source_model

METHODS = ("sft", "hard-pseudo-labels", "fixmatch", "softmatch", "mcc", "deep-coral")
STEPS = (50, 100, 200, 400, 800, 2000)
LABELS = (0, 25, 100)
HELD_OUT = ("ravdess", "savee", "cremad")
"""English corpora with three speakers or more of each role; TESS has two."""

EPOCHS = 10
SEEDS = (0, 1, 2)
SOURCE = "source-model"


class Cell(NamedTuple):
    """One run of the study."""

    method: str
    target: str
    labels: int
    seed: int
    steps: int


def cells() -> Iterator[Cell]:
    """Yield all runs, those that share a source model one after the other."""
    for seed in SEEDS:
        for target in HELD_OUT:
            for steps in STEPS:
                yield Cell(SOURCE, target, 0, seed, steps)
                for method in METHODS:
                    for labels in LABELS:
                        if labels >= get_method(method)().least_labels:
                            yield Cell(method, target, labels, seed, steps)


def development(held_out: str) -> Protocol:
    """Return a protocol whose target is one English corpus and whose source are the others."""
    v2 = get_protocol("v2")
    source = tuple(c for c in v2.languages["english"] if c != held_out)
    listed = published_utterances(held_out)
    dealt = kfold_speakers(listed, protocol="steps", seeds=SEEDS, folds=3, classes=v2.classes)
    splits = {corpus: v2.splits[corpus] for corpus in source}
    splits[held_out] = tuple(
        Split(
            train=tuple(sorted(s for group in folds[1:] for s in group)),
            validation=(),
            test=folds[0],
        )
        for folds in dealt
    )
    return freeze(
        name="steps",
        about="An English corpus stands in for a target language.",
        languages={"english": source, held_out: (held_out,)},
        splits=splits,
        presentation=Presentation(),
        budgets=LABELS,
    )


def measured(cell: Cell, inputs: Inputs, sources: dict[Cell, Task]) -> dict[str, Any]:
    """Return the UA of a run, in percent, and the seconds that its training took."""
    scenario = inputs.catalogue.scenario(cell.target, cell.labels, cell.seed)
    asked = get_method("lower-bound" if cell.method == SOURCE else cell.method)()
    run = Run(asked, scenario, "frozen", "fp32", 0, {})
    schedule = Schedule(epochs=EPOCHS, steps=cell.steps, decay_every=1)
    task = replace(make_task(run, inputs, choose_device("cpu")), schedule=schedule)
    of_source = Cell(SOURCE, cell.target, 0, cell.seed, cell.steps)
    seed_everything(cell.seed)
    begun = time.process_time()
    if of_source not in sources:
        sources.clear()
        sources[of_source] = replace(task, source_model=train_source_model(task))
    tested = inputs.speech(scenario.target_test)
    truth = np.array([scenario.emotion[id_] for id_ in scenario.target_test])
    if cell.method == SOURCE:
        spent = time.process_time() - begun
        return {"seconds": spent, **_of_source_model(sources[of_source], inputs, scenario, truth)}
    begun = time.process_time()
    fitted = asked.fit(replace(task, source_model=sources[of_source].source_model))
    spent = time.process_time() - begun
    predicted = fitted.predict(tested).argmax(dim=1).numpy()
    return {"seconds": spent, "ua": 100 * score(truth, predicted, len(scenario.classes)).ua}


def _of_source_model(task: Task, inputs: Inputs, scenario: Any, truth: Any) -> dict[str, Any]:
    """Return UA and confidence of the source model on the held-out corpus and on the source."""
    model = new_model(task)
    model.load_state_dict(task.source_model or {})
    found: dict[str, Any] = {}
    with torch.no_grad():
        for name, ids in (
            ("target", scenario.target_test),
            ("validation", scenario.source_validation),
        ):
            labels = np.array([scenario.emotion[id_] for id_ in ids])
            p = model.eval()(inputs.speech(ids).features).softmax(dim=1)
            predicted = p.argmax(dim=1).numpy()
            found |= {
                f"{name}_ua": 100 * score(labels, predicted, len(scenario.classes)).ua,
                f"{name}_confidence": p.amax(dim=1).median().item(),
                f"{name}_accuracy": 100 * float((predicted == labels).mean()),
            }
    return {"ua": found["target_ua"], **found}


def run(path: Path) -> None:
    """Do what is missing in `path`, a line a run."""
    settings = Settings.gather()
    backbone = pretrained("audiontt-512", settings)
    lines = path.read_text().splitlines() if path.exists() else []
    done = {Cell(*json.loads(line)["cell"]) for line in lines}
    inputs = {}
    for target in HELD_OUT:
        catalogue = gather(development(target), (target,), settings)
        inputs[target] = Inputs(catalogue, backbone, "frozen", settings.cache).prepared()
    missing = [cell for cell in cells() if cell not in done]
    sources: dict[Cell, Task] = {}
    with path.open("a") as file, threads_for("frozen"):
        for i, cell in enumerate(missing, start=1):
            row = {"cell": cell, **measured(cell, inputs[cell.target], sources)}
            kept = {k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}
            print(json.dumps(kept), file=file, flush=True)
            print(f"{i} of {len(missing)}: {cell}", flush=True)


class Found:
    """The runs of a file.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._by: dict[tuple[str, int, int], list[dict[str, Any]]] = defaultdict(list)
        for row in map(json.loads, path.read_text().splitlines()):
            cell = Cell(*row["cell"])
            self._by[cell.method, cell.labels, cell.steps].append(row)

    def methods(self, labels: int) -> list[str]:
        """Return the methods that ran with so many labels."""
        return [m for m in (SOURCE, *METHODS) if (m, labels, STEPS[0]) in self._by]

    def curve(self, method: str, labels: int, what: str = "ua") -> list[float]:
        """Return the mean of a figure at each number of steps."""
        return [fmean(row[what] for row in self._by[method, labels, steps]) for steps in STEPS]

    def choice(self) -> list[tuple[int, float, float, float]]:
        """Return for each number of steps its mean UA, distance from the best, and its error.

        The mean is over methods and budgets; the standard error of the difference is over
        held-out corpora and seeds, on each of which the two lengths are paired.
        """
        by: dict[int, dict[tuple[str, int], list[float]]] = {s: defaultdict(list) for s in STEPS}
        for (method, _, steps), rows in self._by.items():
            for row in rows if method != SOURCE else ():
                cell = Cell(*row["cell"])
                by[steps][cell.target, cell.seed].append(row["ua"])
        means = {s: np.array([fmean(uas) for _, uas in sorted(by[s].items())]) for s in STEPS}
        best = max(STEPS, key=lambda s: means[s].mean())
        return [
            (s, means[s].mean(), below.mean(), below.std(ddof=1) / len(below) ** 0.5)
            for s in STEPS
            for below in [means[best] - means[s]]
        ]

    def seconds(self, method: str) -> list[float]:
        """Return core-seconds at each number of steps, at the highest budget that it ran with."""
        return self.curve(method, 0 if method == SOURCE else LABELS[-1], "seconds")


def show(found: Found) -> None:
    """Print tables."""

    def line(title: str, values: list[float], digits: int = 1) -> None:
        print(f"| {title} | " + " | ".join(f"{value:.{digits}f}" for value in values) + " |")

    def head(title: str) -> None:
        print(f"\n| {title} | " + " | ".join(map(str, STEPS)) + " |\n|:--|" + "--:|" * len(STEPS))

    for labels in LABELS:
        head(f"UA %, {labels} labels")
        for method in found.methods(labels):
            line(method, found.curve(method, labels))
    head("source model")
    for what in ("validation_ua", "target_ua", "target_accuracy"):
        line(what, found.curve(SOURCE, 0, what))
    for what in ("validation_confidence", "target_confidence"):
        line(what, found.curve(SOURCE, 0, what), digits=3)
    print("\n| steps | mean UA % | below the best | standard error |\n|--:|--:|--:|--:|")
    for steps, ua, below, error in found.choice():
        print(f"| {steps} | {ua:.2f} | {below:.2f} | {error:.2f} |")
    head("core-seconds")
    for method in (SOURCE, *METHODS):
        line(method, found.seconds(method), digits=2)


def draw(found: Found, picture: Path) -> None:
    """Draw UA at each budget, and seconds, over steps."""
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "xlser"
    from matplotlib import pyplot

    style = {"marker": ".", "linewidth": 1.2}
    colour = {method: f"C{n}" for n, method in enumerate((SOURCE, *METHODS))}
    figure, axes = pyplot.subplots(1, 4, figsize=(12, 3.4))
    for axis, labels in zip(axes, LABELS, strict=False):
        for method in found.methods(labels):
            axis.plot(STEPS, found.curve(method, labels), color=colour[method], **style)
        axis.set(xscale="log", xlabel="steps a stage", title=f"{labels} labels")
    axes[0].set_ylabel("UA %, mean of held-out English corpora")
    for method in (SOURCE, *METHODS):
        axes[3].plot(STEPS, found.seconds(method), color=colour[method], label=method, **style)
    axes[3].set(xscale="log", yscale="log", xlabel="steps a stage", title="core-seconds of a fit")
    axes[3].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(picture, metadata={"Date": None})


def main() -> None:
    """Run or draw."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["run", "draw"])
    parser.add_argument("paths", type=Path, nargs="+")
    given = parser.parse_args()
    if given.what == "run":
        run(given.paths[0])
    else:
        found = Found(given.paths[0])
        show(found)
        draw(found, given.paths[1])


if __name__ == "__main__":
    main()
