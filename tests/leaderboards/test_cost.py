"""A leaderboard costs a fixed amount of work a record."""

from pathlib import Path

from tests.costs import grows_linearly, opened
from tests.leaderboards.made import boards, over_seeds, page, write

from xlser.leaderboards import write_leaderboard
from xlser.protocols import get_protocol
from xlser.runs import Record


def of_methods(template: Record, count: int) -> list[Record]:
    """Records of `count` methods and the baseline, each above the next."""
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, 5)
    for i in range(count):
        rights = {0: i % 10, 1: i // 10, 2: 5}
        records += over_seeds(template, v1, rights, method={"name": f"made-{i}"})
    return records


def test_a_page_opens_each_record_once(template: Record, tmp_path: Path) -> None:
    write(of_methods(template, 4), tmp_path)
    with opened(tmp_path / "v1/results", ".json") as times:
        write_leaderboard(get_protocol("v1"), tmp_path)
    assert len(times) == 15
    assert set(times.values()) == {1}


def test_arranging_and_rendering_grow_with_the_records(template: Record) -> None:
    v1 = get_protocol("v1")
    records = {count: of_methods(template, count) for count in (10, 20, 40)}
    assert grows_linearly(lambda count: lambda: boards(v1, records[count]))
    assert grows_linearly(lambda count: lambda: page(v1, records[count]))


def test_a_picture_holds_as_many_methods_as_can_be_told_apart(
    template: Record, tmp_path: Path
) -> None:
    v1 = get_protocol("v1")
    records = []
    for target in ("german", "persian"):
        bound = {"name": "upper-bound", "target_labels": "all"}
        records += over_seeds(template, v1, 9, target=target, labels="all", method=bound)
        for i in range(45):
            method = {"name": f"made-{i:02d}"}
            records += over_seeds(template, v1, {0: 5 - i // 10}, target=target, method=method)
            records += over_seeds(template, v1, {1: 5, 2: 5}, target=target, method=method)
    write(records, tmp_path)
    text = write_leaderboard(v1, tmp_path).page.read_text(encoding="utf-8")
    assert "The picture shows 31 of 46 methods." in text
    (picture,) = (tmp_path / "v1/figures").glob("summary-*.svg")
    drawn = picture.read_text(encoding="utf-8")
    assert all(name in drawn for name in ("made-00", "made-29", "upper-bound"))
    assert "made-30" not in drawn
    assert "| made-44" in text
