from pathlib import Path

import pytest
from tests.demo import Demo, request
from tests.leaderboards.made import interval, made, over_seeds, page, read, under, without_interval

from xlser.errors import RecordError
from xlser.leaderboards import write_leaderboard
from xlser.leaderboards.formatting import signed
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.results.ranking import competition_ranks

_EVERY = {"name": "upper-bound", "target_labels": "all"}


def test_figures_are_mean_and_standard_deviation_over_seeds(template: Record) -> None:
    v1 = get_protocol("v1")
    ((row,),) = read(page(v1, over_seeds(template, v1, {0: 6, 1: 7, 2: 8})))
    names = ("UA %", "accuracy %", "English UA %", "English accuracy %")
    assert [row[name] for name in names] == ["70.0 ± 10.0"] * 4
    assert (row["rank"], row["method"], row["seeds"]) == ("1", "sft", "3")


@pytest.mark.parametrize(
    ("figures", "ranks"),
    [
        ([80.0, 71.31, 71.26, 60.0], ["1", "2=", "2=", "4"]),
        ([71.26, 60.0, 71.31], ["1=", "3", "1="]),
        ([71.24, 71.26], ["2", "1"]),
        ([50.0], ["1"]),
        ([], []),
    ],
)
def test_figures_that_print_the_same_share_a_rank(figures: list[float], ranks: list[str]) -> None:
    assert competition_ranks(figures) == ranks


def test_a_difference_has_a_sign_unless_it_prints_as_nothing() -> None:
    assert [signed(d) for d in (1.24, -1.26, 0.04, -0.04)] == ["+1.2", "−1.3", "0.0", "0.0"]


def test_rank_goes_by_headline_within_a_budget_and_ties_share_it(template: Record) -> None:
    v1 = get_protocol("v1")
    records = []
    for name, right, labels in (("a", 5, 100), ("b", 9, 100), ("c", 9, 100), ("d", 2, 25)):
        records += over_seeds(template, v1, right, labels=labels, method={"name": name})
    text = page(v1, records)
    ((at_25,), at_100) = read(text)
    assert (at_25["rank"], at_25["method"]) == ("1", "d")
    ranked = [(row["rank"], row["method"]) for row in at_100]
    assert ranked == [("1=", "b"), ("1=", "c"), ("3", "a")]
    assert text.index("#### 25 labels") < text.index("#### 100 labels")


def test_rows_that_see_all_labels_stand_unranked_below_every_budget(template: Record) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, 10, labels="all", method=_EVERY)
    records += over_seeds(template, v1, 7) + over_seeds(template, v1, 6, labels=25)
    at_25, at_100 = read(page(v1, records))
    for rows in (at_25, at_100):
        ranked = [(row["rank"], row["method"]) for row in rows]
        assert ranked == [("1", "sft"), ("–", "upper-bound †")]


def test_rows_that_see_all_labels_stand_alone_where_there_are_no_others(template: Record) -> None:
    v1 = get_protocol("v1")
    text = page(v1, over_seeds(template, v1, 10, labels="all", method=_EVERY))
    ((row,),) = read(under(text, "#### all labels"))
    assert (row["rank"], row["method"]) == ("–", "upper-bound †")


def test_a_row_that_lacks_seeds_says_so_and_has_no_rank(template: Record) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, {0: 9, 2: 9}, method={"name": "other"})
    ((first, second),) = read(page(v1, [*records, *over_seeds(template, v1, 7)]))
    assert (first["rank"], first["method"], first["seeds"]) == ("–", "other", "2 of 3")
    assert (second["rank"], second["method"], second["seeds"]) == ("1", "sft", "3")


def test_a_partial_source_is_marked_and_ranked_among_its_own_alone(template: Record) -> None:
    v1 = get_protocol("v1")
    some = {"source_corpora": ("ravdess", "tess"), "absent_corpora": ("savee",)}
    records = over_seeds(template, v1, 9, method={"name": "best"}, **some)
    records += over_seeds(template, v1, 8, method={"name": "next"}, **some)
    records += over_seeds(template, v1, 7)
    text = page(v1, records)
    complete, partial = read(text)
    assert [(row["rank"], row["method"]) for row in complete] == [("1", "sft")]
    assert [(row["rank"], row["method"]) for row in partial] == [("1", "best"), ("2", "next")]
    headings = [line for line in text.splitlines() if line.startswith("### ")]
    assert "partial" not in headings[0]
    assert headings[1].endswith("partial source: ravdess, tess")
    assert "never against those of complete ones" in text


def test_excluded_utterances_are_named_and_ranked_among_their_own_alone(template: Record) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, 7, excluded={"emodb": ("03a01Fa",)})
    text = page(v1, records + over_seeds(template, v1, 9, method={"name": "other"}))
    headings = [line for line in text.splitlines() if line.startswith("### ")]
    assert headings[1].endswith("excluded: emodb/03a01Fa")
    assert "partial source" not in headings[1]
    assert [rows[0]["rank"] for rows in read(text)] == ["1", "1"]


def test_the_distance_to_sft_is_that_of_the_same_seeds_at_the_same_budget(
    template: Record,
) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, {0: 5, 1: 6, 2: 7})
    records += over_seeds(template, v1, {0: 6, 1: 7, 2: 8}, method={"name": "above"})
    records += over_seeds(template, v1, {0: 2, 1: 6, 2: 4}, method={"name": "below"})
    records += over_seeds(template, v1, {0: 9, 1: 9}, method={"name": "lacking"})
    records += over_seeds(template, v1, 3, labels=0, method={"name": "above"})
    at_0, at_100 = read(page(v1, records))
    assert "vs SFT" not in at_0[0]
    distances = {row["method"]: row["vs SFT"] for row in at_100}
    values = {method: without_interval(cell) for method, cell in distances.items()}
    assert values == {"above": "+10.0", "below": "−20.0", "sft": "–", "lacking": "–"}
    low, high = interval(distances["above"])
    assert low < 0 < high
    assert low + high == pytest.approx(20, abs=0.11)


def test_accuracy_comes_first_where_the_protocol_says_so(template: Record) -> None:
    for name, first in (("agarla2022", "accuracy %"), ("v1", "UA %")):
        protocol = get_protocol(name)
        ((row,),) = read(page(protocol, over_seeds(template, protocol, {0: 7})))
        assert list(row)[list(row).index("method") + 1] == first


def test_settings_that_differ_from_the_defaults_stand_in_the_row(template: Record) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, 7, method={"settings": {"tau": 0.5}})
    changed = {"settings": {"tau": 0.85}, "changed": ("tau",)}
    records += over_seeds(template, v1, 6, method=changed)
    (rows,) = read(page(v1, records))
    ranked = [(row["rank"], row["method"]) for row in rows]
    assert ranked == [("1", "sft"), ("2", "sft (tau=0.85)")]


def test_seeds_run_on_different_recordings_do_not_make_a_row(template: Record) -> None:
    v1 = get_protocol("v1")
    one, other = over_seeds(template, v1, {0: 7, 1: 7})
    other = other.model_copy(update={"corpora": {"emodb": "another digest"}})
    with pytest.raises(RecordError, match="different recordings"):
        page(v1, [one, other])


def test_the_order_of_records_does_not_matter(template: Record) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, {0: 6, 1: 7, 2: 8})
    records += over_seeds(template, v1, {0: 6, 1: 7, 2: 8}, method={"name": "other"})
    assert page(v1, records) == page(v1, records[::-1])


def test_a_record_of_another_protocol_is_refused(template: Record) -> None:
    v1 = get_protocol("v1")
    foreign = made(template, get_protocol("agarla2022"))
    with pytest.raises(RecordError, match="agarla2022 version 1"):
        page(v1, [foreign])
    with pytest.raises(RecordError, match="not v1 version 1"):
        page(v1, [made(template, v1, protocol_digest="0" * 64)])


def test_two_records_of_one_cell_are_refused(template: Record) -> None:
    v1 = get_protocol("v1")
    one, other = made(template, v1, key="a"), made(template, v1, key="b")
    with pytest.raises(RecordError, match="same cell"):
        page(v1, [one, other])


def test_the_page_is_written_from_the_records_beside_it(demo_cache: Path, tmp_path: Path) -> None:
    Demo(demo_cache).run(request(["svm"]), tmp_path / "demo" / "results")
    path = write_leaderboard(get_protocol("demo"), tmp_path).page
    assert path == tmp_path / "demo" / "README.md"
    text = path.read_text(encoding="utf-8")
    assert "## German" in text
    assert "ranks nothing" in text
    assert all("rank" not in row for rows in read(text) for row in rows)


def test_no_records_give_a_page_that_says_so(tmp_path: Path) -> None:
    path = write_leaderboard(get_protocol("v1"), tmp_path).page
    assert "No records yet." in path.read_text(encoding="utf-8")


def test_a_repeat_of_a_run_stands_in_no_row(template: Record) -> None:
    v1 = get_protocol("v1")
    once = over_seeds(template, v1, 7)
    again = over_seeds(template, v1, 9, repeat=1)
    assert page(v1, [*once, *again]) == page(v1, once)
