"""What the records of a page cost to make, as a table."""

from collections.abc import Iterable, Mapping, Sequence

from xlser.leaderboards.formatting import DASH
from xlser.leaderboards.model import Block, Column, Inline, Paragraph, Strong, TableModel
from xlser.results.spent import Spent

_TITLES = ("setting", "machine", "runs", "source models", "hours", "wall h", "core-h", "GPU-h")
_Group = tuple[str, str, bool, int]  # condition, machine, whether on a GPU, threads


def cost_blocks(spent: Mapping[str, Iterable[Spent]]) -> list[Block]:
    """Return a table of what was spent, a row a condition and machine, and one for all.

    Args:
        spent: by title of the condition.
    """
    groups: dict[_Group, list[Spent]] = {}
    for condition, runs in spent.items():
        for run in runs:
            groups.setdefault((condition, run.machine, run.on_gpu, run.threads), []).append(run)
    rows = [_row(group, runs) for group, runs in groups.items()]
    if len(groups) > 1:
        rows.append(_total(groups))
    return [
        Paragraph(
            "What the runs above took, with the training of each source model once. Hours are "
            "those of all runs one after the other; wall hours those in which any was at work, "
            "some side by side; core-hours count the threads of each."
        ),
        TableModel(
            [
                Column(title, [row[i] for row in rows], "left" if i < 2 else "right")
                for i, title in enumerate(_TITLES)
            ]
        ),
    ]


def _row(group: _Group, runs: Sequence[Spent]) -> list[Inline]:
    condition, machine, on_gpu, threads = group
    hours = _hours(runs)
    beside = f", {threads} thread{'' if threads == 1 else 's'}"
    return [
        condition,
        machine if on_gpu else machine + beside,
        str(len(runs)),
        str(len(_models(runs))),
        f"{hours:.2f}",
        f"{_training(runs) + _at_work(runs):.2f}",
        DASH if on_gpu else f"{hours * threads:.2f}",
        f"{hours:.2f}" if on_gpu else DASH,
    ]


def _total(groups: Mapping[_Group, Sequence[Spent]]) -> list[Inline]:
    of_cores = [_hours(runs) * threads for (*_, gpu, threads), runs in groups.items() if not gpu]
    of_gpus = [_hours(runs) for (*_, gpu, _), runs in groups.items() if gpu]
    everything = [run for runs in groups.values() for run in runs]
    wall = sum(map(_training, groups.values())) + _at_work(everything)
    return [
        Strong("all"),
        "",
        str(sum(map(len, groups.values()))),
        str(sum(len(_models(runs)) for runs in groups.values())),
        f"{sum(map(_hours, groups.values())):.2f}",
        f"{wall:.2f}",
        f"{sum(of_cores):.2f}" if of_cores else DASH,
        f"{sum(of_gpus):.2f}" if of_gpus else DASH,
    ]


def _models(runs: Iterable[Spent]) -> set[tuple[int, float]]:
    return {run.model for run in runs if run.model}


def _hours(runs: Sequence[Spent]) -> float:
    return _training(runs) + sum(run.seconds for run in runs) / 3600


def _training(runs: Sequence[Spent]) -> float:
    """Return the hours of source models, one after the other: their start is not recorded."""
    return sum(took for _, took in _models(runs)) / 3600


def _at_work(runs: Sequence[Spent]) -> float:
    """Return the hours in which at least one run was at work."""
    seconds, until = 0.0, 0.0
    for run in sorted(runs, key=lambda run: run.began):
        end = run.began + run.seconds
        seconds += max(0.0, end - max(run.began, until))
        until = max(until, end)
    return seconds / 3600
