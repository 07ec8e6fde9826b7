"""What the records of a page cost to make, as a table."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from xlser.leaderboards.cells import DASH, markdown_table
from xlser.results.cost import ALL


def cost_section(costs: pd.DataFrame) -> str:
    """Return a table of costs.

    Args:
        costs: as `xlser.results.cost` returns them.
    """
    rows = costs.to_dict("records")
    columns = {
        "setting": [f"**{ALL}**" if row["condition"] == ALL else row["condition"] for row in rows],
        "machine": [_machine(row) for row in rows],
        "runs": [str(row["runs"]) for row in rows],
        "source models": [str(row["source_models"]) for row in rows],
        **{
            title: [_hours(row[name]) for row in rows]
            for title, name in (
                ("hours", "hours"),
                ("wall h", "wall_hours"),
                ("core-h", "core_hours"),
                ("GPU-h", "gpu_hours"),
            )
        },
    }
    return "\n\n".join(
        [
            "## Cost",
            "What the runs above took, with the training of each source model once. Hours are "
            "those of all runs one after the other; wall hours those in which any was at work, "
            "some side by side; core-hours count the threads of each.",
            markdown_table(columns, ["setting", "machine"]),
        ]
    )


def _machine(row: Mapping[Hashable, Any]) -> str:
    machine, threads = row["machine"], row["threads"]
    if row["on_gpu"] or not machine:
        return str(machine)
    return f"{machine}, {threads} thread{'' if threads == 1 else 's'}"


def _hours(hours: float) -> str:
    return DASH if pd.isna(hours) else f"{hours:.2f}"
