from xlser.results.spent import Spent

from xlser.leaderboards.cost import cost_blocks
from xlser.leaderboards.rendering import blocks_as_markdown


def cells(spent: dict[str, list[Spent]]) -> list[list[str]]:
    text = blocks_as_markdown(cost_blocks(spent))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_hours_count_threads_and_each_source_model_once() -> None:
    first, second = (0, 1800.0), (1, 1800.0)  # source models: seed and seconds
    spent = {
        "frozen track": [
            Spent(0.0, 3600.0, first, "AMD EPYC", on_gpu=False, threads=2),
            Spent(3600.0, 3600.0, first, "AMD EPYC", on_gpu=False, threads=2),
            Spent(7200.0, 1800.0, second, "AMD EPYC", on_gpu=False, threads=2),
            Spent(9000.0, 1800.0, None, "AMD EPYC", on_gpu=False, threads=1),
        ],
        "finetune track": [Spent(0.0, 5400.0, None, "NVIDIA H100", on_gpu=True, threads=16)],
    }
    assert cells(spent) == [
        ["frozen track", "AMD EPYC, 2 threads", "3", "2", "3.50", "3.50", "7.00", "–"],
        ["frozen track", "AMD EPYC, 1 thread", "1", "0", "0.50", "0.50", "0.50", "–"],
        ["finetune track", "NVIDIA H100", "1", "0", "1.50", "1.50", "–", "1.50"],
        ["**all**", "", "5", "2", "5.50", "4.00", "7.50", "1.50"],
    ]


def test_wall_hours_of_all_count_settings_side_by_side_once() -> None:
    runs = [Spent(0.0, 3600.0, None, "AMD EPYC", on_gpu=False, threads=1)]
    *_, total = cells({"frozen track": runs, "finetune track": runs})
    assert total[4:7] == ["2.00", "1.00", "2.00"]


def test_wall_hours_count_what_ran_side_by_side_once_and_pauses_not() -> None:
    begun_and_took = [(7200.0, 3600.0), (0.0, 3600.0), (900.0, 900.0), (1800.0, 3600.0)]
    runs = [Spent(*when, None, "AMD EPYC", on_gpu=False, threads=1) for when in begun_and_took]
    (row,) = cells({"frozen track": runs})
    assert row[4:6] == ["3.25", "2.50"]
