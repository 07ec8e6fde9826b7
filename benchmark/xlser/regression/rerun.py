"""Running the cells of a reference anew, with what is installed now."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from xlser.api.pipeline import Pipeline, sized
from xlser.errors import XlserError
from xlser.executors import Events, Local
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.regression.check import Cell, Now
from xlser.runs import Failure, Plan, Request, Run, Watch, choose_device
from xlser.settings import Settings

_Group = tuple[str, str, str, str]
"""What cells with the same inputs have in common: protocol, target, backbone and track."""


def rerun(cells: Sequence[Cell], settings: Settings, watch: Watch, events: Events) -> list[Now]:
    """Run each cell once, its first repeat, and leave nothing behind.

    A cell that cannot be run has the reason in place of its figures; the others are run.

    Args:
        cells: of the reference.
        settings: where things lie.
        watch: called with (piece of work, done, total) while speech is prepared.
        events: callbacks of the runs.
    """
    groups: dict[_Group, list[Cell]] = {}
    for cell in cells:
        asked = cell.asked
        group = asked["protocol"], asked["target"], asked["backbone"], asked["track"]
        groups.setdefault(group, []).append(cell)
    now: dict[Cell, Now] = {}
    with TemporaryDirectory(prefix="xlser-check-") as folder:
        for group, members in groups.items():
            now |= _run_group(group, members, settings, watch, events, Path(folder))
    return [now[cell] for cell in cells]


def _run_group(
    group: _Group,
    cells: Sequence[Cell],
    settings: Settings,
    watch: Watch,
    events: Events,
    folder: Path,
) -> Mapping[Cell, Now]:
    protocol, target, backbone, _ = group
    try:
        pipeline = Pipeline.gather(get_protocol(protocol), [target], backbone, settings, watch)
    except XlserError as error:
        return dict.fromkeys(cells, _in_a_line(error))
    planned = {cell: _planned(cell, pipeline) for cell in cells}
    runs = {run.key: run for run in planned.values() if isinstance(run, Run)}
    ended = _execute(list(runs.values()), pipeline, folder / protocol / "results", events)
    return {cell: run if isinstance(run, str) else ended[run.key] for cell, run in planned.items()}


def _planned(cell: Cell, pipeline: Pipeline) -> Run | str:
    """Return a cell's run, or why it cannot be run or could not be compared."""
    asked = cell.asked
    budgets = pipeline.catalogue.protocol.budgets
    request = Request(
        methods=[asked["method"]],
        settings=asked["settings"],
        targets=[asked["target"]],
        labels=[asked["labels"]] if asked["labels"] in budgets else [],
        seeds=[asked["seed"]],
        folds=[asked["fold"]] if "fold" in asked else (),
        track=asked["track"],
        precision=asked["precision"],
    )
    try:
        plan = pipeline.plan(request, Path("nowhere"))
    except XlserError as error:
        return _in_a_line(error)
    if not plan.todo:
        return f"It is not run any more: {'; '.join(plan.skipped)}."
    run = plan.todo[0]
    return cell.unlike(run.identity) or run


def _execute(
    runs: Sequence[Run], pipeline: Pipeline, results: Path, events: Events
) -> dict[str, Now]:
    """Return how runs ended, by their keys."""
    ended: dict[str, Now] = {}

    def keep(run: Run, record: Record) -> None:
        ended[run.key] = record
        events.finished(run, record)

    def note(run: Run, failure: Failure) -> None:
        ended[run.key] = f"Its run failed: {failure.message}"
        events.failed(run, failure)

    plan, device = Plan(runs, [], []), choose_device(None)
    executor = sized(Local(), plan, device)
    noting = replace(events, finished=keep, failed=note)
    pipeline.execute(plan, results, device, executor, noting, threads=executor.threads)
    return ended


def _in_a_line(error: XlserError) -> str:
    return f"{error.problem} {error.remedy}"
