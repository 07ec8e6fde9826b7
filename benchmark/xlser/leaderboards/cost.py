"""What the records of a page took, as a table."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from xlser.leaderboards.formatting import DASH, columns
from xlser.leaderboards.model import Block, Inline, Paragraph, Strong, TableModel
from xlser.results import cost
from xlser.results.cost import ALL

_HOURS = {
    "hours": "hours",
    "wall h": "wall_hours",
    "core-h": "core_hours",
    "GPU-h": "gpu_hours",
}


def cost_blocks(runs: Mapping[str, pd.DataFrame]) -> list[Block]:
    """Return a table of what runs took, one row per condition and machine, and one for all.

    Args:
        runs: by title of the condition, as `Results.runs_by_condition` returns them.
    """
    rows = cost(runs).to_dict("records")
    hours = {title: [_hours(row[name]) for row in rows] for title, name in _HOURS.items()}
    return [
        Paragraph(
            "Time of all runs above, with the training of each source model counted once. Hours: "
            "one run after the other. Wall h: while at least one run was active. Core-h: hours "
            "times threads."
        ),
        TableModel(
            columns(
                {
                    "condition": [_condition(row["condition"]) for row in rows],
                    "machine": [_machine(row) for row in rows],
                    "runs": [str(row["runs"]) for row in rows],
                    "source models": [str(row["source_models"]) for row in rows],
                    **hours,
                },
                left=["condition", "machine"],
            )
        ),
    ]


def _condition(title: str) -> Inline:
    return Strong(ALL) if title == ALL else title


def _machine(row: Mapping[Hashable, Any]) -> str:
    machine, threads = row["machine"], row["threads"]
    if row["on_gpu"] or not machine:
        return str(machine)
    return f"{machine}, {threads} thread{'' if threads == 1 else 's'}"


def _hours(hours: float) -> str:
    return DASH if pd.isna(hours) else f"{hours:.2f}"
