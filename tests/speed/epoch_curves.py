"""Curves over epochs: what a model in training predicts after each of them.

A study, no part of a run: the target's test speech is an oracle here, and nothing is chosen by it.

    xlser dev gpu-grid pack PIECES hard-pseudo-labels upper-bound --protocol agarla2022-4 \
        --track finetune --leaderboards EMPTY
    python -m tests.speed.epoch_curves watch PIECES OUT     # goes on where it stopped
    python -m tests.speed.epoch_curves join OUT CURVES.json
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from xlser.api.portable import unpack
from xlser.methods import Speech, Task
from xlser.metrics import score
from xlser.runs import Failure, Job, JobContext, choose_device, describe, make_plan
from xlser.runs.jobs import do, jobs_of
from xlser.system.files import write_atomically
from xlser.training import embed, gradient
from xlser.training.model import EmotionModel

DENSE, THEN_EVERY = 20, 5
"""Speech watched seldom is looked at after each of the first epochs, then after every fifth."""


@dataclass(frozen=True)
class Part:
    """Speech that is watched.

    Attributes:
        speech: on the device of training.
        emotion: true classes, shape (utterances,).
        train: whether it is train speech of the target, of which more is noted.
        seldom: whether it is too much speech to be looked at after every epoch.
    """

    speech: Speech
    emotion: npt.NDArray[np.int64]
    train: bool = False
    seldom: bool = False


@dataclass
class Watch:
    """Notes what a network predicts.

    Attributes:
        parts: by name.
        classes: how many.
        stage: of training in which it watches.
        tau: threshold at which the share of kept pseudo-labels is counted.
        columns: a list of numbers by part and figure, one for each epoch that was looked at.
    """

    parts: Mapping[str, Part]
    classes: int
    stage: gradient.Stage
    tau: float = 0.5
    columns: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    _joint: dict[tuple[str, ...], Speech] = field(default_factory=dict)

    def look(self, network: nn.Module, epoch: int) -> None:
        """Note the answers after so many epochs; the network and all draws stay as they are."""
        often = epoch <= DENSE or epoch % THEN_EVERY == 0
        names = tuple(name for name, part in self.parts.items() if often or not part.seldom)
        if names not in self._joint:
            self._joint[names] = _joined([self.parts[name].speech for name in names])
        training = network.training
        with torch.random.fork_rng():
            logits = embed(network, self._joint[names]).double().cpu().numpy()
        network.train(training)
        start = 0
        for name in names:
            part = self.parts[name]
            own = logits[start : start + len(part.speech)]
            start += len(own)
            columns = self.columns.setdefault(name, {})
            for figure, value in {"epoch": epoch, **self._figures(part, own)}.items():
                columns.setdefault(figure, []).append(round(value, 4))

    def _figures(self, part: Part, logits: npt.NDArray[np.float64]) -> dict[str, float]:
        log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        p, answers = np.exp(log_p), logits.argmax(axis=1)
        scores = score(part.emotion, answers, self.classes)
        figures = {"ua": scores.ua, "accuracy": scores.accuracy}
        if not part.train:
            return {**figures, "loss": -log_p[np.arange(len(p)), part.emotion].mean()}
        highest, mean = p.max(axis=1), p.mean(axis=0)
        return {
            **figures,
            "largest_share": np.bincount(answers).max() / len(answers),
            "entropy_of_mean": -(mean * np.log(mean.clip(1e-12))).sum(),
            "mean_max_p": highest.mean(),
            "median_max_p": float(np.median(highest)),
            "kept": (highest >= self.tau).mean(),
        }


@contextmanager
def watched(job: Job, context: JobContext, targets: Sequence[str]) -> Iterator[Watch]:
    """Watch the training of a job in the block: before its first epoch and after each.

    Args:
        job: a source model is watched on all targets, a run on its own.
        context: of the job.
        targets: languages.
    """
    scenario, inputs, device = job.run.scenario, context.inputs, context.device
    watch = Watch({}, len(scenario.classes), "source" if job.model else "target")

    def part(ids: Sequence[str], emotions: Mapping[str, int], **how: bool) -> Part:
        speech = inputs.speech(ids)
        on_device = Speech(speech.features.to(device), speech.lengths.to(device))
        return Part(on_device, np.array([emotions[id_] for id_ in ids], dtype=np.int64), **how)

    seen = {"target": scenario}
    if job.model:
        seen = {of: inputs.catalogue.scenario(of, 0, scenario.seed) for of in targets}
    parts = {}
    for name, each in seen.items():
        train = each.target_unlabelled or each.target_labelled
        parts[f"{name} test"] = part(each.target_test, each.emotion)
        parts[f"{name} train"] = part(train, each.emotion, train=True)
    if not job.model:
        parts["source test"] = part(scenario.source_test, scenario.emotion, seldom=True)
    parts["source validation"] = part(scenario.source_validation, scenario.emotion)
    watch.parts = parts
    watch.tau = getattr(job.run.method, "tau", watch.tau)
    with _looking(watch):
        yield watch


@contextmanager
def _looking(watch: Watch) -> Iterator[None]:
    """Have `watch` look at every model that is trained in its stage."""
    optimise = gradient.optimise

    def watched_optimise(
        loss: Callable[..., Any], modules: Any, task: Task, shares: Any, stage: str, *hooks: Any
    ) -> None:
        if stage == watch.stage:
            model = next(m for m in modules if isinstance(m, EmotionModel))
            progress = task.progress
            watch.look(model, 0)

            def look(done: int, total: int) -> None:
                watch.look(model, done)
                progress(done, total)

            task = replace(task, progress=look)
        optimise(loss, modules, task, shares, stage, *hooks)

    gradient.optimise = watched_optimise
    try:
        yield
    finally:
        gradient.optimise = optimise


def write_curve(watch: Watch, job: Job, context: JobContext, path: Path, started: str) -> None:
    """Write what was noted to a file, if anything was."""
    if not watch.columns:
        return
    run, scenario, inputs = job.run, job.run.scenario, context.inputs
    described = describe(context.device)
    of: dict[str, Any] = {
        "stage": watch.stage,
        "protocol": scenario.protocol,
        "seed": scenario.seed,
    }
    if not job.model:
        of |= {"target": scenario.target, "method": run.method.name, "labels": scenario.labels}
        of |= {"settings": run.method.settings()}
    curve = {
        **of,
        "parts": watch.columns,
        "started": started,
        "device": described.device,
        "precision": run.precision,
        "backbone": [inputs.backbone.kind.name, inputs.backbone.digest],
        "packages": described.packages,
        "schedule": inputs.catalogue.protocol.schedule.stated(),
    }
    write_atomically(path, json.dumps(curve).encode())


def _path(job: Job, folder: Path) -> Path:
    scenario = job.run.scenario
    label = f"{scenario.target}-{job.run.method.name}-k{scenario.labels}"
    name = f"{'source-model' if job.model else label}-s{scenario.seed}.json"
    return folder / scenario.protocol / name


def watch_packed(pieces: Path, out: Path, device: str | None) -> None:
    """Train what a packed grid asks for, one after the other, and write a curve each.

    Args:
        pieces: folder that `xlser dev gpu-grid pack` wrote.
        out: receives the curves; those that are there stay.
        device: cpu or cuda; None: a GPU if there is one.
    """
    packed, there = unpack(pieces), choose_device(device)
    inputs = packed.inputs.with_cache((out / "cache").resolve())
    context = JobContext(inputs, out / "records", there)
    plan = make_plan(packed.request, inputs.catalogue, inputs.backbone, context.results)
    for job in jobs_of(plan.todo, context):
        path = _path(job, out)
        if path.exists():
            continue
        started = datetime.now(UTC).isoformat(timespec="seconds")
        with watched(job, context, packed.request.targets) as watch:
            result = do(job, context, lambda done, total: None)
        if isinstance(result, Failure):
            raise SystemExit(result.trace)
        write_curve(watch, job, context, path, started)
        print(path if path.exists() else f"{job.label} trains nothing", flush=True)


def _joined(speeches: list[Speech]) -> Speech:
    return Speech(
        torch.cat([speech.features for speech in speeches]),
        torch.cat([speech.lengths for speech in speeches]),
    )


def join(folder: Path, out: Path) -> None:
    """Write all curves under `folder` into one file, a curve a line."""
    curves = [json.loads(path.read_text()) for path in sorted(folder.glob("*/*.json"))]
    about = {}
    for name in ("device", "precision", "backbone", "packages", "schedule"):
        values = [curve.pop(name) for curve in curves]
        if any(value != values[0] for value in values):
            raise SystemExit(f"The curves differ in {name}.")
        about[name] = values[0]
    about["dates"] = sorted({curve.pop("started")[:10] for curve in curves})
    lines = ",\n  ".join(json.dumps(curve, separators=(",", ":")) for curve in curves)
    head = json.dumps(about, indent=1)[:-2]
    out.write_text(f'{head},\n "curves": [\n  {lines}\n ]\n}}\n')


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("watch")
    command.add_argument("pieces", type=Path)
    command.add_argument("out", type=Path)
    command.add_argument("--device")
    command = commands.add_parser("join")
    command.add_argument("folder", type=Path)
    command.add_argument("out", type=Path)
    options = vars(parser.parse_args())
    {"watch": watch_packed, "join": join}[options.pop("command")](**options)


if __name__ == "__main__":
    main()
