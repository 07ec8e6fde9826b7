from pathlib import Path
from typing import Any

import pytest
from tests.leaderboards.made import over_seeds, page, read, under, without_interval, write

from xlser.protocols import Labels, get_protocol
from xlser.records import Record
from xlser.site import write_leaderboard
from xlser_agarla2022.printed import PRINTED

_FIVE, _FOUR = "agarla2022", "agarla2022-4"
_LOWER = {"name": "lower-bound", "target_labels": "none"}
_UPPER = {"name": "upper-bound", "target_labels": "all"}
_HARD = {"name": "hard-pseudo-labels", "settings": {"tau": 0.5}}


def hard(**changed: Any) -> dict[str, Any]:
    return {**_HARD, "settings": {"tau": 0.5, **changed}, "changed": tuple(changed)}


def written(records: list[Record], leaderboards: Path) -> str:
    write(records, leaderboards)
    return write_leaderboard(get_protocol(_FIVE), leaderboards).page.read_text(encoding="utf-8")


def table(text: str, start: str) -> list[dict[str, str]]:
    """The table under the heading that starts so."""
    heading = next(line for line in text.splitlines() if line.startswith(f"#### {start}"))
    (rows,) = read(under(text, heading))
    return rows


@pytest.mark.parametrize(
    ("method", "target", "labels", "role", "text", "where"),
    [
        ("lower-bound", "french", 0, "target", "54.32", "Table 3"),
        ("lower-bound", "persian", 0, "source", "79.13", "Table 4"),
        ("upper-bound", "persian", "all", "target", "86.43", "Table 4"),
        ("hard-pseudo-labels", "italian", 100, "target", "48.10", "Table 5"),
        ("hard-pseudo-labels (tau=0.65)", "italian", 100, "target", "41.67", "Table 5"),
        ("hard-pseudo-labels (tau=0.85)", "german", 100, "source", "60.60", "Table 5"),
    ],
)
def test_the_papers_figures_are_known_by_experiment(
    method: str, target: str, labels: Labels, role: Any, text: str, where: str
) -> None:
    printed = PRINTED[(_FIVE, method, target, labels), role]
    assert (printed.text, printed.table) == (text, where)


def test_the_papers_figure_stands_beside_ours_with_table_and_difference(template: Record) -> None:
    paper = get_protocol(_FIVE)
    records = over_seeds(template, paper, 7, labels=0, method=_LOWER)
    records += over_seeds(template, paper, 7, method=hard())
    records += over_seeds(template, paper, 6, method=hard(tau=0.85))
    records += over_seeds(template, paper, 5)
    ((lower,), at_100) = read(page(paper, records))
    titles = ("paper", "ours − paper", "paper, English", "ours − paper, English")
    assert [lower[t] for t in titles] == ["60.56 (Table 3)", "+9.4", "79.13 (Table 4)", "−9.1"]
    assert [at_100[0][t] for t in titles] == [
        *("75.59 (Table 5)", "−5.6"),
        *("59.82 (Table 5)", "+10.2"),
    ]
    assert [at_100[1][t] for t in titles[:2]] == ["69.01 (Table 5)", "−9.0"]
    assert [at_100[2][t] for t in titles] == ["–"] * 4


def test_a_changed_setting_has_no_figure_in_print(template: Record, tmp_path: Path) -> None:
    paper = get_protocol(_FIVE)
    changed = {**_UPPER, "settings": {"weight": 2}, "changed": ("weight",)}
    records = over_seeds(template, paper, 7, labels="all", method=changed)
    records += over_seeds(template, paper, 7, method=hard(weight=2))
    text = written(records, tmp_path)
    assert "paper, English" not in text
    assert "#### Table" not in text


def test_tables_3_and_4_stand_in_the_papers_layout(template: Record, tmp_path: Path) -> None:
    paper = get_protocol(_FIVE)
    records = over_seeds(template, paper, 7, labels=0, method=_LOWER)
    records += over_seeds(template, paper, {0: 6}, labels=0, target="italian", method=_LOWER)
    records += over_seeds(template, paper, 8, labels="all", target="persian", method=_UPPER)
    text = written(records, tmp_path)
    rows = table(text, "Table 3")
    assert [tuple(map(without_interval, row.values())) for row in rows] == [
        ("French", "54.32", "", "", ""),
        ("German", "60.56", "70.0 ± 0.0", "+9.4", "yes"),
        ("Italian", "49.28", "60.0 (1 of 3 seeds)", "+10.7", "yes"),
        ("Persian", "18.28", "", "", ""),
    ]
    assert "\n2 of 4 cells have records." in text
    english, *_, persian = table(text, "Table 4")
    assert tuple(english.values()) == ("English", "79.13", "70.0 ± 0.0", "−9.1", "", "", "", "")
    assert tuple(map(without_interval, persian.values())) == (
        *("English & Persian", "71.26", "80.0 ± 0.0", "+8.7"),
        *("86.43", "80.0 ± 0.0", "−6.4", "yes"),
    )
    assert "\n2 of 5 cells have records." in text


def test_table_5_varies_tau_and_nothing_else(template: Record, tmp_path: Path) -> None:
    paper = get_protocol(_FIVE)
    records = []
    for right, method in ((7, hard()), (6, hard(tau=0.65)), (5, hard(tau=0.85))):
        records += over_seeds(template, paper, right, method=method)
    records += over_seeds(template, paper, 1, method=hard(tau=0.9))
    records += over_seeds(template, paper, 2, method=hard(weight=2))
    text = written(records, tmp_path)
    rows = {(row["new language"], row["tested on"]): row for row in table(text, "Table 5")}
    assert len(rows) == 8
    german = [rows["German", "German"][f"ours, τ = {tau}"] for tau in ("0.50", "0.65", "0.85")]
    assert list(map(without_interval, german)) == ["70.0 ± 0.0", "60.0 ± 0.0", "50.0 ± 0.0"]
    assert rows["German", "English"]["paper, τ = 0.65"] == "61.29"
    assert rows["French", "French"]["ours, τ = 0.50"] == ""
    assert "\n3 of 12 cells have records." in text


def test_table_6_reads_the_four_class_records_beside(template: Record, tmp_path: Path) -> None:
    five, four = get_protocol(_FIVE), get_protocol(_FOUR)
    records = over_seeds(template, five, 7, labels=0, method=_LOWER)
    rows = {row["in the paper"]: row for row in table(written(records, tmp_path), "Table 6")}
    assert {name: row["paper"] for name, row in rows.items()} == {
        **{"DANN": "28.5", "FLUDA": "34.9", "AL": "42.5", "NNPM": "50.6"},
        "Our": "74.02",
    }
    assert all(row["ours"] == "" for row in rows.values())
    records += over_seeds(
        template, four, 6, labels=0, method={"name": "dann", "target_labels": "few"}
    )
    records += over_seeds(template, four, 5, labels=0, method=hard())
    text = written(records, tmp_path)
    dann, *_, on_german, on_english = table(text, "Table 6")
    assert (without_interval(dann["ours"]), dann["ours − paper"]) == ("60.0 ± 0.0", "+31.5")
    assert (on_german["tested on"], on_german["ours − paper"]) == ("German", "−16.7")
    assert (on_english["tested on"], on_english["ours − paper"]) == ("English", "−24.0")
    assert "\n2 of 5 cells have records." in text


def test_the_four_class_page_has_table_6_beside_it(template: Record) -> None:
    four = get_protocol(_FOUR)
    method = {"name": "nnpm", "target_labels": "few"}
    ((row,),) = read(page(four, over_seeds(template, four, 6, labels=0, method=method)))
    assert (row["paper"], row["ours − paper"]) == ("50.6 (Table 6)", "+9.4")


def test_figure_2_has_our_numbers_below_it(template: Record, tmp_path: Path) -> None:
    paper = get_protocol(_FIVE)
    soft = {"name": "soft-pseudo-labels", "target_labels": "few"}
    records = over_seeds(template, paper, 7, labels=25, method=hard())
    records += over_seeds(template, paper, {0: 6}, labels=100, target="persian", method=soft)
    text = written(records, tmp_path)
    rows = table(text, "Figure 2")
    assert len(rows) == 16
    german = [r for r in rows if r["pseudo-labels"] == "hard-pseudo-labels"][3]
    assert german["tested on"] == "German"
    assert without_interval(german["25 labels"]) == "70.0 ± 0.0"
    assert german["100 labels"] == ""
    assert without_interval(rows[-1]["100 labels"]) == "60.0 (1 of 3 seeds)"
    assert "\n2 of 32 cells have records." in text


def test_each_setting_has_its_own_tables(template: Record, tmp_path: Path) -> None:
    paper = get_protocol(_FIVE)
    records = over_seeds(template, paper, 7, labels=0, method=_LOWER)
    records += over_seeds(template, paper, 5, labels=0, method=_LOWER, track="finetune")
    records += over_seeds(template, paper, 5, precision="bf16", method={"name": "svm"})
    text = written(records, tmp_path)
    part = under(text, "## The paper's tables and figures")
    assert part.count("#### Table 3") == 2
    assert {path.name for path in (tmp_path / _FIVE / "figures").glob("figure-*")} == {
        f"figure-3-{track}-logmel-functionals.svg" for track in ("finetune", "frozen")
    }


@pytest.mark.parametrize("name", [_FIVE, _FOUR])
def test_the_flaw_of_the_persian_split_is_stated_wherever_it_counts(name: str) -> None:
    assert "all 52 test speakers also train" in page(get_protocol(name), [])
    assert "52 test speakers" not in page(get_protocol("v1"), [])
