from pathlib import Path

import pandas as pd
import pytest
from tests.demo import Demo, request
from tests.leaderboards.made import (
    boards,
    interval,
    made,
    over_seeds,
    page,
    read,
    results,
    under,
    without_interval,
)

from xlser import registry
from xlser.corpora import TableCorpus, add_corpus
from xlser.errors import RecordError, UnknownNameError
from xlser.leaderboards.formatting import signed
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.records.runs_table import TestSet
from xlser.results import competition_ranks
from xlser.results.predictions import TestUtterances
from xlser.site import write_leaderboard

_EVERY = {"name": "upper-bound", "target_labels": "all"}


MINE = {"name": "mine"}
"""A method whose name nobody owns."""


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
    assert "hold within that table alone" in text


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
    assert "vs sft" not in at_0[0]
    distances = {row["method"]: row["vs sft"] for row in at_100}
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
    records = over_seeds(template, v1, 7, method={**MINE, "settings": {"tau": 0.5}})
    changed = {**MINE, "settings": {"tau": 0.85}, "changed": ("tau",)}
    records += over_seeds(template, v1, 6, method=changed)
    (rows,) = read(page(v1, records))
    ranked = [(row["rank"], row["method"]) for row in rows]
    assert ranked == [("1", "mine"), ("2", "mine (tau=0.85)")]


def test_seeds_run_on_different_recordings_do_not_make_a_row(template: Record) -> None:
    v1 = get_protocol("v1")
    *most, other = over_seeds(template, v1, {0: 7, 1: 7, 2: 9})
    (board,) = boards(v1, [*most, other_recordings(other)])
    rows = {row.method: (row.seeds, row.marks, row.ranked) for row in board.rows}
    assert rows == {
        "sft": ((0, 1), (), False),
        "sft (recordings cafe another )": ((2,), ("other recordings: cafe",), False),
    }


def other_recordings(record: Record, digest: str = "another digest") -> Record:
    return record.model_copy(update={"corpora": {**record.corpora, "cafe": digest}})


def test_rows_on_other_recordings_are_marked_and_neither_ranked_nor_compared(
    template: Record,
) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, 7) + over_seeds(template, v1, 3, method={"name": "usual"})
    others = over_seeds(template, v1, 9, method={"name": "best"})
    found = results(v1, records + [other_recordings(record) for record in others])
    (board,) = found.tables()
    assert [(row.method, row.ranked) for row in board.rows] == [
        ("best", False),
        ("sft", True),
        ("usual", True),
    ]
    assert board.rows[0].marks == ("other recordings: cafe",)
    assert not board.rows[0].is_comparable(board.rows[1])
    assert board.reference("best", board.rows) is None
    (note,) = found.notes
    assert str(note) == "other recordings: best, german, 100 labels: cafe"
    with pytest.raises(RecordError, match=r"best has records of german on other recordings: cafe"):
        found.compare("best", "sft")
    assert len(found.compare("usual", "sft").cells) == 1


def test_the_recordings_of_most_runs_are_the_usual_ones_the_first_if_as_many(
    template: Record,
) -> None:
    v1 = get_protocol("v1")
    early, late = "2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"
    a = over_seeds(template, v1, 7, started=early, method={"name": "a"})
    b = [
        other_recordings(r) for r in over_seeds(template, v1, 7, started=late, method={"name": "b"})
    ]
    for records in (a + b, b + a):
        (board,) = boards(v1, records)
        assert {row.method: bool(row.marks) for row in board.rows} == {"a": False, "b": True}
    c = [
        other_recordings(r) for r in over_seeds(template, v1, 7, started=late, method={"name": "c"})
    ]
    (board,) = boards(v1, a + b + c)
    assert {row.method: bool(row.marks) for row in board.rows} == {
        "a": True,
        "b": False,
        "c": False,
    }


def test_seeds_of_several_package_versions_make_a_row_that_is_marked(template: Record) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, {0: 7, 1: 7}, method={**MINE, "package": "flip 1.0"})
    records += over_seeds(template, v1, {2: 7}, method={**MINE, "package": "flip 2.0"})
    found = results(v1, records + over_seeds(template, v1, 5, method={"name": "other"}))
    (board,) = found.tables()
    mixed, other = board.rows
    assert (mixed.method, mixed.seeds, mixed.complete, mixed.ranked) == (
        "mine",
        (0, 1, 2),
        True,
        False,
    )
    assert mixed.marks == ("versions: flip 1.0, flip 2.0",)
    assert other.ranked
    assert [str(note) for note in found.notes] == [
        "mixed versions: mine, german, 100 labels: flip 1.0, flip 2.0"
    ]
    ((top, below),) = read(
        page(v1, records + over_seeds(template, v1, 5, method={"name": "other"}))
    )
    assert (top["rank"], below["rank"]) == ("–", "1")


def test_rows_of_different_defaults_print_what_differs_and_are_never_averaged(
    template: Record,
) -> None:
    """The default changed between two targets: neither record states a change."""
    v1 = get_protocol("v1")
    old, new = (
        {**MINE, "settings": {"tau": 0.5, "beta": 1}},
        {**MINE, "settings": {"tau": 0.65, "beta": 1}},
    )
    records = over_seeds(template, v1, 7, target="german", method=old)
    records += over_seeds(template, v1, 7, target="italian", method=new)
    found = results(v1, records)
    assert [row.method for table in found.tables() for row in table.rows] == [
        "mine (tau=0.5)",
        "mine (tau=0.65)",
    ]
    assert found.summaries() == []
    found = results(v1, records + over_seeds(template, v1, 6, target="german", method=new))
    (summary,) = found.summaries()
    assert [line.method for line in summary.lines] == ["mine (tau=0.65)"]
    assert summary.left_out == {"mine (tau=0.5)": [100]}


def test_a_new_hyper_parameter_sets_rows_apart_as_well(template: Record) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, 7, method={**MINE, "settings": {"tau": 0.5}})
    records += over_seeds(template, v1, 6, method={**MINE, "settings": {"tau": 0.5, "beta": 1}})
    (board,) = boards(v1, records)
    assert [row.method for row in board.rows] == ["mine (no beta)", "mine (beta=1)"]


def test_methods_of_one_name_that_no_package_provides_print_their_code(template: Record) -> None:
    v1 = get_protocol("v1")
    codes = {"a" * 64: 7, "b" * 64: 6}
    records = []
    for code, right in codes.items():
        unpackaged = {**MINE, "package": "not packaged", "packaged": False, "code": code}
        records += over_seeds(template, v1, right, method=unpackaged)
    (board,) = boards(v1, records)
    assert [row.method for row in board.rows] == ["mine (code aaaaaaaa)", "mine (code bbbbbbbb)"]


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


def test_of_two_records_of_one_run_the_first_is_shown_and_the_other_named(template: Record) -> None:
    v1 = get_protocol("v1")
    one, other = made(template, v1, key="a", seed=0), made(template, v1, 9, key="b", seed=0)
    found = results(v1, [one, other])
    ((row,),) = (table.rows for table in found.tables())
    assert (row.seeds, row.scores["target", "ua"].mean) == ((0,), 70)
    assert [note.detail for note in found.notes if note.kind == "same run twice"] == [
        "001.json is left out"
    ]


def test_a_table_can_go_by_any_metric(template: Record) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, 9) + over_seeds(template, v1, 3, method={"name": "below"})
    found = results(v1, records)
    (board,) = found.tables("brier")
    assert [row.method for row in board.rows] == ["sft", "below"]  # lower is better
    assert board.rows[0].scores["target", "brier"].mean == pytest.approx(20)
    assert board.rows[0].resampled.estimate.value == pytest.approx(20)
    low, high = board.rows[1].resampled.estimate.interval or (0, 0)
    assert 0 <= low < 140 < high <= 200
    assert found.compare("sft", "below", metric="macro-f1").cells[0].difference.value > 0
    with pytest.raises(UnknownNameError, match="There is no metric 'f1'"):
        found.tables("f1")


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


def test_speakers_are_those_of_the_corpus_registered_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_in_process", dict(registry._in_process))
    test_set = TestSet("mine/a mine/b", "01")
    for speakers in (["x", "y"], ["y", "y"]):
        table = pd.DataFrame(
            {"path": ["a.wav", "b.wav"], "speaker": speakers, "emotion": ["anger", "sadness"]}
        )
        add_corpus(TableCorpus("mine", table, folder=tmp_path, language="english"))
        tested = TestUtterances.of([test_set], 2)
        assert tested.speakers == tuple(f"mine/{name}" for name in sorted(set(speakers)))
