from datetime import UTC, datetime
from typing import NamedTuple

import pandas as pd
import pytest

from xlser.results import cost

EPYC, H100 = "AMD EPYC", "NVIDIA H100"


class Spent(NamedTuple):
    began: float
    seconds: float
    model: tuple[int, float] | None = None  # seed and seconds of its source model
    machine: str = EPYC
    threads: int = 1


def runs(*spent: Spent) -> pd.DataFrame:
    """Columns of `Runs.frame` that costs come from."""
    return pd.DataFrame(
        {
            "started": [datetime.fromtimestamp(run.began, UTC).isoformat() for run in spent],
            "seconds_fit": [0.75 * run.seconds for run in spent],
            "seconds_predict": [0.25 * run.seconds for run in spent],
            "seconds_source_model": [run.model[1] if run.model else None for run in spent],
            "seed": [run.model[0] if run.model else 0 for run in spent],
            "processor": [EPYC for _ in spent],
            "device": ["cpu" if run.machine == EPYC else run.machine for run in spent],
            "threads": [run.threads for run in spent],
        }
    ).astype({"seconds_source_model": float})


def shown(costs: pd.DataFrame) -> list[list[object]]:
    columns = ["machine", "threads", "runs", "source_models"]
    columns += ["hours", "wall_hours", "core_hours", "gpu_hours"]
    return [
        [None if pd.isna(cell) else cell for cell in row]
        for row in costs[columns].itertuples(index=False, name=None)
    ]


def test_hours_count_threads_and_each_source_model_once() -> None:
    first, second = (0, 1800.0), (1, 1800.0)
    frozen = runs(
        Spent(0.0, 3600.0, first, threads=2),
        Spent(3600.0, 3600.0, first, threads=2),
        Spent(7200.0, 1800.0, second, threads=2),
        Spent(9000.0, 1800.0),
    )
    finetune = runs(Spent(0.0, 5400.0, None, H100, threads=16))
    costs = cost({"frozen track": frozen, "finetune track": finetune})
    assert costs["condition"].tolist() == [*["frozen track"] * 2, "finetune track", "all"]
    assert shown(costs) == [
        [EPYC, 2, 3, 2, 3.5, 3.5, 7.0, None],
        [EPYC, 1, 1, 0, 0.5, 0.5, 0.5, None],
        [H100, 16, 1, 0, 1.5, 1.5, None, 1.5],
        ["", None, 5, 2, 5.5, 4.0, 7.5, 1.5],
    ]


def test_wall_hours_of_all_count_conditions_side_by_side_once() -> None:
    hour = runs(Spent(0.0, 3600.0))
    *_, total = shown(cost({"frozen track": hour, "finetune track": hour}))
    assert total[4:7] == [2.0, 1.0, 2.0]


def test_wall_hours_count_what_ran_side_by_side_once_and_pauses_not() -> None:
    begun_and_took = [(7200.0, 3600.0), (0.0, 3600.0), (900.0, 900.0), (1800.0, 3600.0)]
    (row,) = shown(cost({"frozen track": runs(*(Spent(*when) for when in begun_and_took))}))
    assert row[4:6] == [pytest.approx(3.25), pytest.approx(2.5)]
