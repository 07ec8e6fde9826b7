"""What the records of a page cost to make, as a table."""

from collections.abc import Iterable, Mapping

from xlser.leaderboards.cells import DASH, markdown_table
from xlser.leaderboards.spent import Spent


def cost_section(spent: Mapping[str, Iterable[Spent]]) -> str:
    """Return a table of what was spent, a row a setting and machine.

    Args:
        spent: by title of the setting.
    """
    groups: dict[tuple[str, str, bool, int], list[Spent]] = {}
    for setting, runs in spent.items():
        for run in runs:
            groups.setdefault((setting, run.machine, run.on_gpu, run.threads), []).append(run)
    columns: dict[str, list[str]] = {
        name: []
        for name in ("setting", "machine", "runs", "source models", "hours", "core-h", "GPU-h")
    }
    for (setting, machine, on_gpu, threads), runs in groups.items():
        models = {run.model for run in runs if run.model}
        hours = (sum(run.seconds for run in runs) + sum(took for _, took in models)) / 3600
        cells = (
            setting,
            machine
            if on_gpu
            else f"{machine}, {threads} threads".replace(" 1 threads", " 1 thread"),
            str(len(runs)),
            str(len(models)),
            f"{hours:.2f}",
            DASH if on_gpu else f"{hours * threads:.2f}",
            f"{hours:.2f}" if on_gpu else DASH,
        )
        for column, cell in zip(columns.values(), cells, strict=True):
            column.append(cell)
    return "\n\n".join(
        [
            "## Cost",
            "What the runs above took, with the training of each source model once: the hours are "
            "those of all runs one after the other, and core-hours count the threads of each.",
            markdown_table(columns, ["setting", "machine"]),
        ]
    )
