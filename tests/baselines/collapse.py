"""Watches hard pseudo-labels without target labels by epoch, and what keeps them from collapse.

    python -m tests.baselines.collapse docs/studies/collapse.svg

Frozen track, audiontt-512, three seeds; the targets are German and Italian of `v1`, and two of its
English corpora, each recognised from the two others. Looked at is unlabelled *train* speech: its
true classes serve as an oracle here and nowhere else. Prints the tables of
docs/studies/collapse.md.
Needs XLSER_DATA and XLSER_WEIGHTS.
"""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from xlser.backbones import pretrained
from xlser.methods import Predictor, Task
from xlser.protocols import Scenario, get_protocol
from xlser.runs import Inputs, Run, choose_device, gather
from xlser.runs.task import make_task
from xlser.settings import Settings
from xlser.training import HALF_TARGET, embed, train_source_model
from xlser_baselines.hard_pseudo_labels import HardPseudoLabels

EPOCHS = 40
"""Of stage 2. Nothing in it depends on its length, so these are the first of the protocol's 100."""

EARLY = 8
"""Epochs of a source model that is stopped early."""

SHOWN = (0, 1, 3, 5, 10, 20, 40)
SEEDS = (0, 1, 2)
FIGURES = ("ua", "largest", "entropy", "confidence", "validation_loss")

Curve = dict[str, list[float]]


class Watched(HardPseudoLabels):
    """Hard pseudo-labels, looked at before the first epoch and after each."""

    truth: Any = None

    def setup(self, task: Task) -> None:
        self.curve: Curve = {name: [] for name in FIGURES}

    def before_epoch(self, task: Task, epoch: int) -> None:
        p = embed(self.model, task.target_unlabelled).softmax(dim=1)
        answers, mean = p.argmax(dim=1), p.mean(dim=0)
        classes = one_hot(self.truth, p.shape[1]).float()
        right = (answers == self.truth).float() @ classes / classes.sum(dim=0)
        validation = embed(self.model, task.source_validation.speech)
        seen = {
            "ua": 100 * right.mean(),
            "largest": one_hot(answers, p.shape[1]).float().mean(dim=0).amax(),
            "entropy": -(mean * mean.clamp(min=1e-12).log()).sum(),
            "confidence": p.amax(dim=1).mean(),
            "validation_loss": cross_entropy(validation, task.source_validation.emotion),
        }
        for name, value in seen.items():
            self.curve[name].append(float(value))

    def predictor(self, task: Task) -> Predictor:
        self.before_epoch(task, EPOCHS)
        return super().predictor(task)


class HalfTarget(Watched):
    """Half of each batch is target speech."""

    shares = HALF_TARGET


class Balanced(Watched):
    """Of each class the surest answers are kept, at most an equal share of the utterances."""

    def before_epoch(self, task: Task, epoch: int) -> None:
        super().before_epoch(task, epoch)
        p = embed(self.model, task.target_unlabelled).softmax(dim=1)
        best, answers = p.max(dim=1)
        most = len(p) // p.shape[1]
        self._chosen = torch.zeros(len(p))
        for c in range(p.shape[1]):
            sure = torch.where(answers == c, best, -1.0)
            self._chosen[sure.topk(most).indices] = 1.0
        self._chosen *= best >= self.tau
        self._answers = answers

    def loss(self, step: Any) -> Tensor:
        index = step.unlabelled.index
        kept, answers = self._chosen[index], self._answers[index]
        speech = torch.cat([step.labelled.speech, step.unlabelled.speech])
        labels = torch.cat([step.labelled.emotion, answers])
        weight = torch.cat([torch.ones(len(step.labelled.emotion)), kept])
        each = cross_entropy(self.model(speech), labels, reduction="none")
        return (weight * each).sum() / weight.sum()


@dataclass(frozen=True)
class Variant:
    """How stage 2 is gone about.

    Attributes:
        kind: the method.
        early: whether it starts from a source model that was stopped early.
        settings: of the method.
    """

    kind: type[Watched] = Watched
    early: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


VARIANTS = {
    "as in the paper (τ = 0.50)": Variant(),
    "no pseudo-labels": Variant(settings={"tau": 1.01}),
    "τ = 0.95": Variant(settings={"tau": 0.95}),
    "half a batch of target speech": Variant(HalfTarget),
    "source model of 8 epochs": Variant(early=True),
    "8 epochs, τ = 0.95": Variant(early=True, settings={"tau": 0.95}),
    "classes balanced": Variant(Balanced),
    "8 epochs, classes balanced": Variant(Balanced, early=True),
    "languages standardised apart": Variant(settings={"standardisation": "language"}),
    "apart, classes balanced": Variant(Balanced, settings={"standardisation": "language"}),
}


def tasks() -> Iterator[tuple[str, int, Task, Tensor]]:
    """Yield targets, seeds, tasks without target labels, and true classes of unlabelled speech."""
    settings = Settings.gather()
    catalogue = gather(get_protocol("v1"), ("german", "italian"), settings)
    backbone = pretrained("audiontt-512", settings)
    inputs = Inputs(catalogue, backbone, "frozen", settings.cache).prepared()
    for seed in SEEDS:
        for target in ("german", "italian"):
            yield target.capitalize(), seed, *_task(catalogue.scenario(target, 0, seed), inputs)
        english = catalogue.scenario("german", 0, seed)
        for corpus in ("ravdess", "savee"):
            yield f"English ({corpus.upper()})", seed, *_task(_within(english, corpus), inputs)


def _within(english: Scenario, corpus: str) -> Scenario:
    """Return a scenario whose target is one of the source's corpora."""
    mine = [i for i in english.source_train if i.startswith(f"{corpus}/")]
    others = [i for i in english.source_train if i not in set(mine)]
    return replace(english, source_train=tuple(others), target_unlabelled=tuple(mine))


def _task(scenario: Scenario, inputs: Inputs) -> tuple[Task, Tensor]:
    run = Run(HardPseudoLabels(), scenario, "frozen", "fp32", 0, {})
    task = make_task(run, inputs, choose_device("cpu"))
    truth = torch.tensor([scenario.emotion[i] for i in scenario.target_unlabelled])
    speech = inputs.speech(scenario.target_unlabelled)  # in the order of the true classes
    return replace(task, target_unlabelled=speech), truth


def curves() -> dict[str, dict[str, list[Curve]]]:
    """Train everything; return curves by variant and target, one a seed."""
    found: dict[str, dict[str, list[Curve]]] = {name: {} for name in VARIANTS}
    for target, seed, task, truth in tasks():
        models = {
            early: train_source_model(
                replace(task, schedule=task.schedule.model_copy(update={"epochs": epochs}))
            )
            for early, epochs in ((False, task.schedule.epochs), (True, EARLY))
        }
        short = task.schedule.model_copy(update={"epochs": EPOCHS})
        for name, variant in VARIANTS.items():
            method = variant.kind(**variant.settings)
            method.truth = truth
            model = models[variant.early]
            method.fit(replace(task, schedule=short, source_model=model))
            found[name].setdefault(target, []).append(method.curve)
        print(f"<!-- {target}, seed {seed} -->", flush=True)
    return found


def table(found: Mapping[str, Mapping[str, list[Curve]]], name: str, digits: int) -> str:
    """Return a figure by epoch, mean over targets and seeds, a row a variant."""
    lines = [f"| {name} | {' | '.join(map(str, SHOWN))} |", "|:--" + "|--:" * len(SHOWN) + "|"]
    for variant, by_target in found.items():
        values = np.array([curve[name] for of in by_target.values() for curve in of]).mean(axis=0)
        lines.append(f"| {variant} | {' | '.join(f'{values[e]:.{digits}f}' for e in SHOWN)} |")
    return "\n".join(lines)


RULES: Mapping[str, Callable[[Curve], int]] = {
    "source model": lambda curve: 0,
    "last epoch": lambda curve: EPOCHS,
    "10 epochs": lambda curve: 10,
    "least source validation loss": lambda curve: int(np.argmin(curve["validation_loss"])),
    "highest entropy of the mean answer": lambda curve: int(np.argmax(curve["entropy"])),
    "smallest largest class": lambda curve: int(np.argmin(curve["largest"])),
    "best epoch (oracle)": lambda curve: int(np.argmax(curve["ua"])),
}


def rules(found: Mapping[str, Mapping[str, list[Curve]]]) -> str:
    """Return the UA of the epoch that each rule chooses, mean over targets and seeds."""
    lines = [f"| UA | {' | '.join(RULES)} |", "|:--" + "|--:" * len(RULES) + "|"]
    for variant, by_target in found.items():
        every = [curve for of in by_target.values() for curve in of]
        chosen = [np.mean([c["ua"][rule(c)] for c in every]) for rule in RULES.values()]
        lines.append(f"| {variant} | {' | '.join(f'{value:.1f}' for value in chosen)} |")
    return "\n".join(lines)


def by_target(found: Mapping[str, Mapping[str, list[Curve]]]) -> str:
    """Return UA before and after stage 2 by target, mean over seeds."""
    targets = list(next(iter(found.values())))
    lines = [f"| UA, epochs 0 → 10 → 40 | {' | '.join(targets)} |", "|:--" + "|--:" * 4 + "|"]
    for variant, of in found.items():
        cells = []
        for target in targets:
            mean = np.mean([curve["ua"] for curve in of[target]], axis=0)
            cells.append(" → ".join(f"{mean[e]:.1f}" for e in (0, 10, EPOCHS)))
        lines.append(f"| {variant} | {' | '.join(cells)} |")
    return "\n".join(lines)


def correlations(found: Mapping[str, Mapping[str, list[Curve]]]) -> str:
    """Return how figures without truth go along with UA over the epochs of a run, median."""
    every = [c for of in found.values() for curves_ in of.values() for c in curves_]
    lines = []
    for name in FIGURES[1:]:
        known = [np.corrcoef(c[name], c["ua"])[0, 1] for c in every if np.std(c[name]) > 0]
        low, middle, high = np.nanquantile(known, [0.1, 0.5, 0.9])
        lines.append(
            f"{name}: median correlation {middle:+.2f}, 10 to 90 %: {low:+.2f} to {high:+.2f}"
        )
    return "\n".join(lines)


def draw(found: Mapping[str, Mapping[str, list[Curve]]], path: Path) -> None:
    """Draw UA above and the share of the largest class below, a column a target."""
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "xlser"
    from matplotlib import pyplot

    targets = list(next(iter(found.values())))
    figure, axes = pyplot.subplots(2, len(targets), figsize=(12, 6), sharex=True, sharey="row")
    for i, name in enumerate(("ua", "largest")):
        for axis, target in zip(axes[i], targets, strict=True):
            for variant, of in found.items():
                mean = np.mean([curve[name] for curve in of[target]], axis=0)
                axis.plot(mean, linewidth=1, label=variant)
            axis.set(title=target if i == 0 else "", xlabel="epoch of stage 2" if i else "")
    axes[0, 0].set_ylabel("UA %, unlabelled train speech")
    axes[1, 0].set_ylabel("share of the largest class")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="lower center", ncols=4, fontsize=8)
    figure.tight_layout(rect=(0, 0.11, 1, 1))
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Train, print and draw."""
    parser = ArgumentParser()
    parser.add_argument("path", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    found = curves()
    for text in (
        by_target(found),
        table(found, "ua", 1),
        table(found, "largest", 2),
        table(found, "entropy", 2),
        table(found, "confidence", 2),
        rules(found),
        correlations(found),
    ):
        print(text, end="\n\n")
    draw(found, given.path)


if __name__ == "__main__":
    main()
