"""Training a method for use: one run of a protocol, whose fitted method is kept."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from xlser.api.grid import Grid, resolve
from xlser.api.options import RunOptions
from xlser.api.pipeline import Pipeline
from xlser.corpora import get_corpus
from xlser.errors import ModelError, SettingsError
from xlser.methods import Predictor
from xlser.metrics import get_metric
from xlser.models import Card, Measured, Model, TrainedOn, save_model
from xlser.monitoring.bars import Bars, Steps
from xlser.monitoring.console import Messages
from xlser.protocols import Protocol
from xlser.records import Predictions, Record
from xlser.records.prediction import digits
from xlser.runs import Run, execute_run


def train_model(options: RunOptions, out: Path, messages: Messages, bars: Bars) -> Model:
    """Train the one method that options name and save it.

    Args:
        options: of a run; of label budgets the largest counts, of seeds and folds the first.
        out: folder of the model.
        messages: receives what goes on.
        bars: of the terminal.

    Raises:
        ModelError: the folder is there, or the fitted method cannot be saved.
        XlserError: it cannot begin, or the method broke its contract.
    """
    if out.exists():
        raise ModelError(f"{out} is there already.", "Name another folder: --out.")
    grid = resolve(options, messages)
    pipeline = Pipeline.gather(
        grid.protocol, grid.request.targets, grid.backbone, grid.settings, Steps(bars, messages)
    )
    run = _chosen(pipeline, grid)
    inputs = pipeline.inputs(run.track).prepared(pipeline.watch)
    kept: list[Predictor] = []
    task = bars.add_task(f"training {run.method.name}", total=None)
    record = execute_run(
        run,
        inputs,
        grid.device,
        lambda done, total: bars.update(task, completed=done, total=total),
        keep=kept.append,
    )
    card = save_model(out, _card(run, record, pipeline, grid.protocol), kept[0])
    return Model(card, kept[0], pipeline.backbone)


def _chosen(pipeline: Pipeline, grid: Grid) -> Run:
    """Return the run to train: the largest label budget, the first seed and fold.

    Raises:
        SettingsError: options name no method or target, or several; or it can do no run.
    """
    request = grid.request
    for what, named in (("method", request.methods), ("target", request.targets)):
        if len(named) != 1:
            raise SettingsError(f"{len(named)} {what}s are asked for.", f"Name one {what}.")
    with TemporaryDirectory(prefix="xlser-") as nothing:  # no record: the run is to do
        plan = pipeline.plan(request, Path(nothing))
    if not plan.todo:
        raise SettingsError("There is nothing to train.", "; ".join(plan.skipped) or "Name more.")

    def order(run: Run) -> tuple[float, int, int]:
        labels = run.scenario.labels
        return -(np.inf if labels == "all" else labels), run.scenario.seed, run.fold or 0

    return min(plan.todo, key=order)


def _card(run: Run, record: Record, pipeline: Pipeline, protocol: Protocol) -> Card:
    scenario, backbone = run.scenario, pipeline.backbone
    of_protocol = {corpus for corpora in protocol.languages.values() for corpus in corpora}
    known = backbone.kind.trained_on if record.backbone.weights != "random" else None
    return Card(
        method=record.method.name,
        package=record.method.package,
        settings=record.method.settings,
        citation=run.method.citation,
        protocol=protocol.name,
        protocol_digest=protocol.digest,
        target=scenario.target,
        labels=scenario.labels,
        seed=scenario.seed,
        fold=run.fold or 0,
        classes=scenario.classes,
        track=run.track,
        backbone=backbone.kind.name,
        weights=backbone.digest,
        licence=backbone.kind.terms(),
        frontend=protocol.frontend.stated(),
        trained_on=TrainedOn(
            source=_by_corpus(scenario.source_train),
            labelled=_by_corpus(scenario.target_labelled),
            unlabelled=_by_corpus(scenario.target_unlabelled) if run.method.uses_target else {},
            encoder=known.data if known else "nothing",
            encoder_corpora=tuple(
                get_corpus(name).title
                for name in sorted(of_protocol & {*(known.corpora if known else ())})
            ),
        ),
        measured=_measured(record.predictions, protocol),
    )


def _by_corpus(ids: Iterable[str]) -> Mapping[str, int]:
    counts = Counter(id_.partition("/")[0] for id_ in ids)
    return {get_corpus(name).title: count for name, count in sorted(counts.items())}


def _measured(predictions: Iterable[Predictions], protocol: Protocol) -> dict[str, Measured]:
    """Return what was measured by language, in the order of the predictions."""
    language_of = {c: language for language, corpora in protocol.languages.items() for c in corpora}
    together: dict[str, list[Predictions]] = {}
    for of_corpus in predictions:
        together.setdefault(language_of[of_corpus.corpus], []).append(of_corpus)
    return {language: _of_language(parts, protocol) for language, parts in together.items()}


def _of_language(parts: list[Predictions], protocol: Protocol) -> Measured:
    truth = np.concatenate([digits(part.emotion) for part in parts]).astype(np.int64)
    predicted = np.concatenate([digits(part.predicted) for part in parts]).astype(np.int64)
    classes = len(protocol.classes)
    ua, accuracy = (
        100 * get_metric(name, protocol.classes).compute(truth, predicted, classes)
        for name in ("ua", "accuracy")
    )
    speakers = {
        (part.corpus, get_corpus(part.corpus).parse(name).speaker)
        for part in parts
        for name in part.utterances.split()
    }
    return Measured(
        ua=round(ua, 2),
        accuracy=round(accuracy, 2),
        utterances=len(truth),
        speakers=len(speakers),
        corpora=tuple(get_corpus(part.corpus).title for part in parts),
    )
