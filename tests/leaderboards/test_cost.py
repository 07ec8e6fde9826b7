from tests.results.test_cost import H100, Spent, runs

from xlser.leaderboards.cost import cost_blocks
from xlser.leaderboards.rendering import blocks_as_markdown


def test_costs_stand_in_a_row_a_condition_and_machine_and_one_for_all() -> None:
    frozen = runs(Spent(0.0, 3600.0, (0, 1800.0), threads=2), Spent(9000.0, 1800.0))
    finetune = runs(Spent(0.0, 5400.0, None, H100, threads=16))
    section = blocks_as_markdown(cost_blocks({"frozen track": frozen, "finetune track": finetune}))
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    assert [[cell.strip() for cell in line.strip("|").split("|")] for line in lines] == [
        ["frozen track", "AMD EPYC, 2 threads", "1", "1", "1.50", "1.50", "3.00", "–"],
        ["frozen track", "AMD EPYC, 1 thread", "1", "0", "0.50", "0.50", "0.50", "–"],
        ["finetune track", "NVIDIA H100", "1", "0", "1.50", "1.50", "–", "1.50"],
        ["**all**", "", "3", "1", "3.50", "2.50", "3.50", "1.50"],
    ]
