"""Gain from unlabelled speech: methods against their twins, which disturb no rank."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.demo import Demo, request
from tests.leaderboards.made import over_seeds, read, results, under, write
from tests.leaderboards.test_figures import texts

from xlser.leaderboards.rendering import page_as_markdown
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.results import load
from xlser.site import write_leaderboard
from xlser.site.pages.details import details_page

V1 = get_protocol("v1")


def stamp(name: str, twin: bool = False, **settings: Any) -> dict[str, Any]:
    own = {**settings, **({"twin": True} if twin else {})}
    return {"name": name, "settings": own, "changed": ("twin",) if twin else ()}


def of_methods(template: Record) -> list[Record]:
    """Two methods of nobody's and the reference on two targets."""
    return [
        record
        for target in ("german", "italian")
        for name, right in (("pull", 8), ("push", 6), ("sft", 7))
        for record in over_seeds(template, V1, right, target=target, method=stamp(name))
    ]


def of_twins(template: Record, **changes: Any) -> list[Record]:
    return [
        record
        for target in ("german", "italian")
        for name, right in (("pull", 5), ("push", 9))
        for record in over_seeds(
            template, V1, right, target=target, method=stamp(name, twin=True), **changes
        )
    ]


def test_methods_are_held_against_their_twins(template: Record) -> None:
    found = results(V1, of_methods(template) + of_twins(template))
    (summary,) = found.summaries()
    gains = summary.gains(100)
    assert [*gains] == ["pull", "push"]  # as their lines: best first
    assert [round(gain.difference.value) for gain in gains.values()] == [30, -30]
    (german, _) = found.tables()
    difference = found.compare("pull", "pull (twin=True)").cells[0].difference
    assert german.gains(100)["pull"].difference == difference
    assert german.gains(25) == {}


def test_twins_are_adjusted_for_over_their_column_alone(template: Record) -> None:
    (german, _) = results(V1, of_methods(template) + of_twins(template)).tables()
    gains = german.gains(100)
    assert all(gain.p >= gain.difference.p for gain in gains.values())
    (alone, _) = results(V1, of_methods(template) + of_twins(template)[:3]).tables()
    assert alone.gains(100)["pull"].p == alone.gains(100)["pull"].difference.p


def test_twins_stand_in_their_block_and_change_nothing_else_on_the_page(
    template: Record, tmp_path: Path
) -> None:
    texts, readmes = [], []
    for name, records in (("without", []), ("with", of_twins(template))):
        write(of_methods(template) + records, tmp_path / name)
        page = write_leaderboard(V1, tmp_path / name).page
        readmes.append(page.read_text(encoding="utf-8").partition("\n## Cost")[0])
        (condition,) = page.parent.glob("conditions/*.md")
        texts.append(condition.read_text(encoding="utf-8"))
    assert readmes[0] == readmes[1]
    without, beside = texts
    block = beside[beside.index("\nGain from unlabelled speech") :]
    assert beside.replace(block, "") == without
    (table,) = read(block)
    assert [(row["method"], row["100 labels"].split(" ")[0]) for row in table] == [
        ("pull", "+30.0"),
        ("push", "−30.0"),
    ]
    assert "twin=True" not in beside


def test_the_picture_has_a_panel_a_column_and_a_row_a_method_with_a_twin(
    template: Record, tmp_path: Path
) -> None:
    fewer = [
        record
        for target in ("german", "italian")
        for twin, right in ((False, 6), (True, 6))
        for record in over_seeds(
            template, V1, right, target=target, labels=25, method=stamp("push", twin)
        )
    ]
    write(of_methods(template) + of_twins(template) + fewer, tmp_path)
    page = write_leaderboard(V1, tmp_path).page
    (picture,) = page.parent.glob("figures/gains-*.svg")
    (condition,) = page.parent.glob("conditions/*.md")
    assert f"](../figures/{picture.name})" in condition.read_text(encoding="utf-8")
    words = texts(picture.read_bytes())
    assert [word for word in words if word in ("pull", "push", "sft")] == ["pull", "push"]
    assert [word for word in words if word.endswith("labels")] == ["25 labels", "100 labels"]


def test_pages_of_details_show_the_gains_of_a_target(template: Record) -> None:
    found = results(V1, of_methods(template) + of_twins(template))
    text = page_as_markdown(details_page(found, found.tables()[0], drawn=False))
    tables = read(under(text, "## 100 labels"))
    gains = next(table for table in tables if "gain" in table[0])
    assert [row["method"] for row in gains] == ["pull", "push"]


@pytest.mark.parametrize(
    "apart", [{"labels": 25}, {"precision": "bf16"}, {"corpora": {"emodb": "0" * 64}}]
)
def test_a_twin_of_another_cell_is_held_against_nothing_and_has_no_rank(
    apart: dict[str, Any], template: Record
) -> None:
    found = results(V1, of_methods(template) + of_twins(template, **apart))
    for table in found.tables():
        assert table.gains(100) == table.gains(25) == {}
        assert [row.ranked for row in table.rows if "twin" in row.changed] in ([], [False] * 2)
    assert all("twin" not in line.method for s in found.summaries() for line in s.lines)


def test_other_settings_make_another_pair(template: Record) -> None:
    records = of_methods(template)
    records += over_seeds(template, V1, 3, target="german", method=stamp("pull", True, weight=0.9))
    (german, _) = results(V1, records).tables()
    assert german.gains(100) == {}


def test_runs_of_the_suites_methods_pair_with_their_twins(demo_cache: Path, tmp_path: Path) -> None:
    demo, folder = Demo(demo_cache), tmp_path / "demo" / "results"
    demo.run(replace(request(["ent"], labels=[20]), twins=True), folder)
    (table,) = load(get_protocol("demo"), tmp_path).tables()
    assert [row.method for row in table.rows] == ["ent"]
    assert [*table.gains(20)] == ["ent"]
