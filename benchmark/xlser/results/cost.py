"""What runs took: hours by condition and machine."""

from collections.abc import Mapping
from datetime import datetime

import pandas as pd

ALL = "all"
"""What the last row of costs stands for."""

_SUMMED = ("runs", "source_models", "hours", "core_hours", "gpu_hours", "source_model_hours")

_GROUP = ["condition", "machine", "on_gpu", "threads"]


def cost(runs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what runs took, one row per condition and machine, and one for all of several.

    Hours are those of all runs one after the other, with the training of each source model once;
    wall hours those in which any run was at work, some side by side; core-hours count threads.

    Args:
        runs: rows of `Runs.frame`, by what their costs are listed under (title of a condition).

    Returns:
        Columns `condition`, `machine`, `on_gpu`, `threads`, `runs`, `source_models`, `hours`,
        `wall_hours`, `core_hours` (NaN on a GPU), `gpu_hours` (NaN on a CPU) and
        `source_model_hours` (a part of `hours`).
    """
    spent = pd.concat([_spent(frame).assign(condition=title) for title, frame in runs.items()])
    rows = [_row(group) for _, group in spent.groupby(_GROUP, sort=False)]
    if len(rows) > 1:
        rows.append(_total(pd.DataFrame(rows), spent))
    return pd.DataFrame(rows).astype({"threads": "Int64"})


def _spent(runs: pd.DataFrame) -> pd.DataFrame:
    """Return where each run ran, when it began and how long it took, in seconds."""
    on_gpu = runs["device"] != "cpu"
    return pd.DataFrame(
        {
            "began": [datetime.fromisoformat(started).timestamp() for started in runs["started"]],
            "seconds": runs["seconds_fit"].fillna(0) + runs["seconds_predict"].fillna(0),
            "seed": runs["seed"],
            "source_model": runs["seconds_source_model"],
            "machine": runs["device"].where(on_gpu, runs["processor"]),
            "on_gpu": on_gpu,
            "threads": runs["threads"],
        }
    )


def _row(runs: pd.DataFrame) -> dict[str, object]:
    """Return the costs of the runs under one condition on one machine."""
    first = runs.iloc[0]
    on_gpu, threads = bool(first["on_gpu"]), int(first["threads"])
    models = runs.dropna(subset="source_model")[["seed", "source_model"]].drop_duplicates()
    training = models["source_model"].sum() / 3600
    hours = training + runs["seconds"].sum() / 3600
    return {
        "condition": first["condition"],
        "machine": first["machine"],
        "on_gpu": on_gpu,
        "threads": threads,
        "runs": len(runs),
        "source_models": len(models),
        "hours": hours,
        "wall_hours": training + _hours_at_work(runs),
        "core_hours": float("nan") if on_gpu else hours * threads,
        "gpu_hours": hours if on_gpu else float("nan"),
        "source_model_hours": training,
    }


def _total(rows: pd.DataFrame, spent: pd.DataFrame) -> dict[str, object]:
    total: dict[str, object] = {"condition": ALL, "machine": "", "on_gpu": False}
    for name in _SUMMED:
        total[name] = rows[name].sum(min_count=1)
    at_work = _hours_at_work(spent)
    return {**total, "wall_hours": rows["source_model_hours"].sum() + at_work}


def _hours_at_work(runs: pd.DataFrame) -> float:
    """Return for how many hours any run was at work.

    Source models count apart, one after the other: records do not state when each began.
    """
    seconds, until = 0.0, 0.0
    for began, took in runs[["began", "seconds"]].sort_values("began").itertuples(index=False):
        end = began + took
        seconds += max(0.0, end - max(began, until))
        until = max(until, end)
    return seconds / 3600
