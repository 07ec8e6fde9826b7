"""Scores methods on development speakers: those of `v1` that none of its seeds tests.

    python -m tests.tools.search aligned-linear shrinkage=0.3 mcc

runs methods, each with the settings behind it, on the folds that docs/best.md describes, and prints
their mean UA. `--backbone audiontt-512-25ms --folds 0 3 5 6 --` in front of them is what the second
search there looked at. Needs XLSER_DATA and XLSER_WEIGHTS.
"""

import time
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

import numpy as np

from xlser.backbones import pretrained
from xlser.methods import Method, get_method
from xlser.methods.calls import seed_everything
from xlser.metrics import score
from xlser.protocols import Protocol, Split, get_protocol, published_utterances
from xlser.protocols.rules import labelling_order
from xlser.protocols.rules.partition import partition
from xlser.protocols.rules.rotating import profiles
from xlser.runs import Inputs, Run, choose_device, gather
from xlser.runs.running.in_process import threads_for
from xlser.runs.task import make_task
from xlser.settings import Settings
from xlser.training import train_source_model

TARGETS = ("german", "italian")
LABELS = (0, 25, 100)
FOLDS = [(scored, absent) for scored in (3, 4) for absent in range(5) if absent != scored]
"""Of the five groups of speakers, of which the seeds of `v1` test 0, 1 and 2: the one scored, and
one left out as a validation group is; the others train."""


def development() -> Protocol:
    """Return `v1` with a seed a fold in place of its own."""
    v1 = get_protocol("v1")
    seeds = tuple(range(len(FOLDS)))
    corpora = [c for t in TARGETS for c in v1.languages[t]]
    splits = {
        c: tuple(split(c, *fold) for fold in FOLDS) for c in (*v1.languages["english"], *corpora)
    }
    most = max(v1.budgets)
    labelling = {
        c: tuple(
            labelling_order(
                published_utterances(c),
                splits[c][s].train,
                protocol="development",
                seed=s,
                classes=v1.classes,
                most=most,
            )
            for s in seeds
        )
        for c in corpora
    }
    changed = {"name": "development", "seeds": seeds, "splits": splits, "labelling": labelling}
    # Not checked: here the validation speakers are those that are scored.
    return Protocol.model_construct(**{**dict(v1), **changed})


def split(corpus: str, scored: int, absent: int) -> Split:
    """Return who trains and who is scored; of English speakers the latter validate as well."""
    speakers = profiles(published_utterances(corpus), get_protocol("v1").classes)
    groups = partition(speakers, min(5, len(speakers)))
    if len(groups) < 5:  # TESS and SAVEE: nobody is scored
        return Split(train=tuple(groups[absent % len(groups)]), validation=(), test=())
    train = sorted(s for i, g in enumerate(groups) if i not in (scored, absent) for s in g)
    held_out = tuple(groups[scored])
    return Split(train=tuple(train), validation=held_out, test=held_out)


def scores(method: Method, inputs: Inputs, folds: Sequence[int]) -> dict[int, list[float]]:
    """Return by label budget the UA of every target and fold, in percent."""
    found: dict[int, list[float]] = {labels: [] for labels in LABELS}
    for target in TARGETS:
        for labels in LABELS:
            for fold in folds if labels >= method.least_labels else ():
                found[labels].append(100 * ua(method, inputs, target, labels, fold))
    return found


def ua(
    method: Method,
    inputs: Inputs,
    target: str,
    labels: int,
    fold: int,
) -> float:
    """Return the UA of one fit."""
    scenario = inputs.catalogue.scenario(target, labels, fold)
    run = Run(method, scenario, "frozen", "fp32", 0, {})
    task = make_task(run, inputs, choose_device("cpu"))
    seed_everything(fold)
    if method.needs_source_model:
        task = replace(task, source_model=train_source_model(task))
    heard = inputs.speech(scenario.target_test)
    truth = np.array([scenario.emotion[id_] for id_ in scenario.target_test])
    predicted = method.fit(task).predict(heard).argmax(dim=1).numpy()
    return score(truth, predicted, len(scenario.classes)).ua


def asked(words: Sequence[str]) -> list[Method]:
    """Return the methods with the settings behind each."""
    found: list[tuple[str, dict[str, str]]] = []
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            found[-1][1][name] = value
        else:
            found.append((word, {}))
    return [get_method(name)(**settings) for name, settings in found]


def main() -> None:
    """Print a line a method."""
    parser = ArgumentParser()
    parser.add_argument("--backbone", default="audiontt-512")
    parser.add_argument("--folds", type=int, nargs="+", default=range(len(FOLDS)))
    parser.add_argument("methods", nargs="+", metavar="method [name=value ...]")
    given = parser.parse_args()
    settings = Settings.gather()
    catalogue = gather(development(), TARGETS, settings)
    backbone = pretrained(given.backbone, settings)
    inputs = Inputs(catalogue, backbone, "frozen", settings.cache).prepared()
    for method in asked(given.methods):
        begun = time.process_time()
        with threads_for("frozen"):
            of = scores(method, inputs, given.folds)
        figures = "  ".join(f"{labels}: {fmean(uas):.1f}" for labels, uas in of.items() if uas)
        spent = time.process_time() - begun
        changed = {name: method.settings()[name] for name in method.changed_settings()}
        print(f"{method.name} {changed or ''}  {figures}  ({spent:.0f} core-seconds)", flush=True)


if __name__ == "__main__":
    main()
