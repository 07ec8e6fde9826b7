from pathlib import Path

import pytest
from tests.leaderboards.made import over_seeds, read, write
from tests.leaderboards.test_gains import of_methods, of_twins

from xlser.errors import RecordError, UnknownNameError
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.site import Leaderboards

V1 = get_protocol("v1")
SLUG = "frozen-logmel-functionals"
PAGE = f"""\
# What we learned

Before.

<!-- conditions v1 {SLUG} {SLUG} -->
stale
<!-- end -->

Between.

<!-- best v1 {SLUG} -->
<!-- end -->

## Cost

<!-- cost -->
<!-- end -->

After.
"""


@pytest.fixture
def leaderboards(template: Record, tmp_path: Path) -> Path:
    records = []
    for target, right in (("german", {0: 9, 1: 8, 2: 9}), ("italian", {0: 7, 1: 7, 2: 8})):
        hard = {"name": "hard-pseudo-labels"}
        records += over_seeds(template, V1, right, target=target, method=hard)
        lower = {"name": "lower-bound", "target_labels": "none"}
        records += over_seeds(template, V1, 4, target=target, labels=0, method=lower)
    write(records, tmp_path)
    return tmp_path


def test_blocks_are_written_between_the_marks_and_prose_is_kept(leaderboards: Path) -> None:
    page = leaderboards / "README.md"
    page.write_text(PAGE, encoding="utf-8")
    assert Leaderboards(leaderboards).write_readme(["v1"]) == page
    text = page.read_text(encoding="utf-8")
    assert "stale" not in text
    places = [text.index(word) for word in ("Before.", "Between.", "After.")]
    assert places == sorted(places)
    (differences,) = read(text)
    assert [row["method"] for row in differences] == [
        "**mean of these**",
        "hard-pseudo-labels",
        "lower-bound",
    ]
    assert "| v1, frozen track; logmel-functionals" in text


def test_pictures_lie_beside_the_page(leaderboards: Path) -> None:
    (leaderboards / "README.md").write_text(PAGE, encoding="utf-8")
    Leaderboards(leaderboards).write_readme(["v1"])
    name = f"figures/best-v1-{SLUG}"
    assert f"({name}.svg)" in (leaderboards / "README.md").read_text(encoding="utf-8")
    assert b">hard-pseudo-labels<" in (leaderboards / f"{name}.svg").read_bytes()


@pytest.fixture
def two_windows(template: Record, tmp_path: Path) -> Path:
    """`better` gains two of ten utterances by a setting, `same` none, in both languages."""
    records = []
    shorter = template.backbone.model_copy(update={"name": "audiontt-512-25ms"})
    for target in ("german", "italian"):
        for name, before, after in (("better", 6, 8), ("same", 7, 7)):
            method = {"name": name}
            records += over_seeds(template, V1, before, target=target, method=method)
            records += over_seeds(
                template, V1, after, target=target, method=method, backbone=shorter
            )
        alone = {"name": "alone"}
        records += over_seeds(template, V1, 5, target=target, method=alone)
    write(records, tmp_path)
    return tmp_path


def block(leaderboards: Path, words: str) -> list[dict[str, str]]:
    page = leaderboards / "README.md"
    page.write_text(f"<!-- {words} -->\n<!-- end -->", encoding="utf-8")
    Leaderboards(leaderboards).write_readme(["v1"])
    (rows,) = read(page.read_text(encoding="utf-8"))
    return rows


def test_the_difference_of_two_conditions_stands_for_each_method_and_their_mean(
    two_windows: Path,
) -> None:
    rows = block(two_windows, f"conditions v1 frozen-audiontt-512-25ms {SLUG}")
    assert [row["method"] for row in rows] == ["**mean of these**", "better", "same"]
    mean, better, same = (row["100 labels"] for row in rows)
    assert better.startswith("+20.0 [")
    assert mean.startswith("+10.0 [")
    assert same.startswith("0.0 ")
    picture = (two_windows / "figures/conditions-v1-frozen-audiontt-512-25ms.svg").read_bytes()
    assert b">frozen, audiontt-512-25ms<" in picture
    assert b">better<" in picture
    assert b">alone<" not in picture
    # The same records under both names: nothing differs, to the last digit.
    assert {
        row["100 labels"][:4] for row in block(two_windows, f"conditions v1 {SLUG} {SLUG}")
    } == {"0.0 "}


def test_conditions_are_compared_where_both_have_rows(two_windows: Path, template: Record) -> None:
    records = []
    for target in ("german", "italian"):  # a budget that the other setting lacks
        records += over_seeds(template, V1, 9, target=target, labels=25, method={"name": "same"})
    shorter = template.backbone.model_copy(update={"name": "audiontt-512-25ms"})
    records = [record.model_copy(update={"backbone": shorter}) for record in records]
    for i, record in enumerate(records):
        record.write(two_windows / "v1" / "results" / f"more-{i}.json")
    rows = block(two_windows, f"conditions v1 frozen-audiontt-512-25ms {SLUG}")
    assert list(rows[0]) == ["method", "100 labels"]


def test_conditions_that_share_no_method_are_named(template: Record, tmp_path: Path) -> None:
    other = template.backbone.model_copy(update={"name": "audiontt-512"})
    records = []
    for target in ("german", "italian"):
        records += over_seeds(template, V1, 5, target=target, method={"name": "one"})
        records += over_seeds(
            template, V1, 5, target=target, method={"name": "two"}, backbone=other
        )
    write(records, tmp_path)
    with pytest.raises(RecordError, match=f"under both frozen-audiontt-512 and {SLUG}"):
        block(tmp_path, f"conditions v1 frozen-audiontt-512 {SLUG}")


def test_a_methods_lead_is_over_every_method_of_a_setting(two_windows: Path) -> None:
    rows = block(two_windows, f"lead v1 frozen-audiontt-512-25ms better {SLUG}")
    leads = {row["method"]: row["100 labels"].partition(" ")[0] for row in rows}
    assert leads == {"same": "+10.0", "better": "+20.0", "alone": "+30.0"}
    rows = block(two_windows, f"lead v1 {SLUG} better {SLUG}")  # not over itself
    assert {row["method"] for row in rows} == {"same", "alone"}
    with pytest.raises(UnknownNameError, match="complete row of 'nobody'"):
        block(two_windows, f"lead v1 {SLUG} nobody {SLUG}")


def test_writing_twice_changes_nothing(leaderboards: Path) -> None:
    page = leaderboards / "README.md"
    page.write_text(PAGE, encoding="utf-8")
    Leaderboards(leaderboards).write_readme(["v1"])
    once = page.read_bytes()
    Leaderboards(leaderboards).write_readme(["v1"])
    assert page.read_bytes() == once


def test_blocks_of_other_protocols_stay_as_they_are(leaderboards: Path) -> None:
    page = leaderboards / "README.md"
    page.write_text(PAGE, encoding="utf-8")
    Leaderboards(leaderboards).write_readme(["v2"])
    text = page.read_text(encoding="utf-8")
    assert text.partition("## Cost")[0] == PAGE.partition("## Cost")[0]
    assert "| v1, frozen track; logmel-functionals" in text
    assert not (leaderboards / "figures").exists()


def test_without_a_page_there_is_nothing_to_write(leaderboards: Path) -> None:
    assert Leaderboards(leaderboards).write_readme(["v1"]) is None
    assert not (leaderboards / "README.md").exists()


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("<!-- guesses v1 x -->\n<!-- end -->", "guesses"),
        (f"<!-- best v9 {SLUG} -->\n<!-- end -->", "v9"),
        ("<!-- best v1 frozen-nothing -->\n<!-- end -->", "frozen-nothing"),
        ("<!-- best v1 -->\n<!-- end -->", "best v1"),
        ("<!-- cost v1 -->\n<!-- end -->", "cost v1"),
        ("<!-- separation v1 -->\n<!-- end -->", "separation v1"),
    ],
)
def test_a_block_that_asks_for_what_there_is_not_is_named(
    leaderboards: Path, block: str, said: str
) -> None:
    page = leaderboards / "README.md"
    page.write_text(block, encoding="utf-8")
    with pytest.raises(UnknownNameError, match=said):
        Leaderboards(leaderboards).write_readme(["v1"])
    assert page.read_text(encoding="utf-8") == block


def test_of_one_language_there_is_no_mean_to_draw(template: Record, tmp_path: Path) -> None:
    write(over_seeds(template, V1, 9, target="german"), tmp_path)
    (tmp_path / "README.md").write_text(f"<!-- best v1 {SLUG} -->\n<!-- end -->", encoding="utf-8")
    with pytest.raises(RecordError, match="several targets"):
        Leaderboards(tmp_path).write_readme(["v1"])


@pytest.mark.parametrize(
    "text", ["<!-- cost -->\n", "<!-- end -->\n", "<!-- cost --> <!-- end -->\n"]
)
def test_a_block_without_an_end_loses_nothing(leaderboards: Path, text: str) -> None:
    page = leaderboards / "README.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(RecordError, match="without"):
        Leaderboards(leaderboards).write_readme(["v1"])
    assert page.read_text(encoding="utf-8") == text


def test_languages_are_shown_with_their_bounds(leaderboards: Path) -> None:
    german, italian = block(leaderboards, f"languages v1 {SLUG}")
    assert (german["language"], german["test speakers"]) == ("German", "10")
    assert german["lower-bound"].startswith("40.0")
    assert german["upper-bound"] == "–"
    assert italian["highest, 25, 50, 100 labels"] == "–"  # the method was run at 100 alone


def test_what_protocols_can_find_stands_in_one_table(two_windows: Path) -> None:
    other = "frozen-audiontt-512-25ms"
    rows = block(two_windows, f"separation v1 {other} v1 {SLUG}")
    assert [row[""] for row in rows] == [
        "v1, frozen track; audiontt-512-25ms (weights none); fp32, 100 labels",
        "v1, frozen track; logmel-functionals (weights none); fp32, 100 labels",
    ]
    assert [row["methods"] for row in rows] == ["2", "3"]


def test_gains_stand_for_methods_with_a_twin(template: Record, tmp_path: Path) -> None:
    write(of_methods(template) + of_twins(template), tmp_path)
    pull, push = block(tmp_path, f"gains v1 {SLUG}")
    assert (pull["method"], push["method"]) == ("pull", "push")
    assert pull["100 labels"].startswith("+30.0 [")
