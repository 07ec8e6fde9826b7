"""Running the cells of a reference anew, with what is installed now."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from xlser.backbones import PretrainedBackbone, pretrained
from xlser.errors import XlserError
from xlser.executors import Events, Local, execute
from xlser.methods import Track
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.regression.check import Cell, Now
from xlser.runs import (
    Failure,
    Plan,
    Request,
    Run,
    Shared,
    SpeechData,
    Watch,
    choose_device,
    gather,
    make_plan,
)
from xlser.settings import Settings

_Place = tuple[str, str, str]
"""What cells that share speech have in common: protocol, target and backbone."""


def rerun(cells: Sequence[Cell], settings: Settings, watch: Watch, events: Events) -> list[Now]:
    """Run each cell once, its first repeat, and leave nothing behind.

    What stands in the way of one cell is told in its place; the others are run all the same.

    Args:
        cells: of the reference.
        settings: where things lie.
        watch: told how far preparing is.
        events: told how the runs go.
    """
    places: dict[_Place, list[Cell]] = {}
    for cell in cells:
        asked = cell.asked
        place = asked["protocol"], asked["target"], asked["backbone"]
        places.setdefault(place, []).append(cell)
    now: dict[Cell, Now] = {}
    with TemporaryDirectory(prefix="xlser-check-") as folder:
        for place, members in places.items():
            now |= _run_at(place, members, settings, watch, events, Path(folder))
    return [now[cell] for cell in cells]


def _run_at(
    place: _Place,
    cells: Sequence[Cell],
    settings: Settings,
    watch: Watch,
    events: Events,
    folder: Path,
) -> Mapping[Cell, Now]:
    protocol, target, backbone = place
    try:
        data = gather(get_protocol(protocol), [target], settings, watch)
        network = pretrained(backbone, settings)
        planned = {cell: _planned(cell, data, network) for cell in cells}
    except XlserError as error:
        return dict.fromkeys(cells, _in_a_line(error))
    runs = {run.key: run for run in planned.values() if isinstance(run, Run)}
    ended = _execute(list(runs.values()), data, network, folder / protocol / "results", events)
    return {cell: run if isinstance(run, str) else ended[run.key] for cell, run in planned.items()}


def _planned(cell: Cell, data: SpeechData, network: PretrainedBackbone) -> Run | str:
    """Return a cell's run, or why it cannot be run or could not be compared."""
    asked = cell.asked
    request = Request(
        methods=[asked["method"]],
        settings=asked["settings"],
        targets=[asked["target"]],
        labels=[asked["labels"]] if asked["labels"] in data.protocol.budgets else [],
        seeds=[asked["seed"]],
        track=asked["track"],
        precision=asked["precision"],
    )
    try:
        data.prepare(request.track, network)
        plan = make_plan(request, data, network, Path("nowhere"))
    except XlserError as error:
        return _in_a_line(error)
    if not plan.todo:
        return f"It is not run any more: {'; '.join(plan.skipped)}."
    run = plan.todo[0]
    return cell.unlike(run.identity) or run


def _execute(
    runs: Sequence[Run],
    data: SpeechData,
    network: PretrainedBackbone,
    results: Path,
    events: Events,
) -> dict[str, Now]:
    """Return how runs ended, by their keys."""
    ended: dict[str, Now] = {}

    def keep(run: Run, record: Record) -> None:
        ended[run.key] = record
        events.finished(run, record)

    def note(run: Run, failure: Failure) -> None:
        ended[run.key] = f"Its run failed: {failure.said}"
        events.failed(run, failure)

    device = choose_device(None)
    track: Track = "finetune" if any(run.track == "finetune" for run in runs) else "frozen"
    executor = Local().sized(track, device, len(runs))
    shared = Shared(data, network, results, device, threads=executor.threads)
    told = replace(events, finished=keep, failed=note)
    execute(Plan(runs, [], []), shared, told, executor)
    return ended


def _in_a_line(error: XlserError) -> str:
    return f"{error.problem} {error.remedy}"
