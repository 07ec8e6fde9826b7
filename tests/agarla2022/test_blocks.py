"""Blocks of `leaderboards/README.md` that hold the paper against our records."""

from pathlib import Path

import pytest
from tests.leaderboards.made import over_seeds, read, write

from xlser.errors import UnknownNameError
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.site import Leaderboards

V1 = get_protocol("v1")
SLUG = "frozen-logmel-functionals"
PAGE = f"""\
<!-- differences v1 {SLUG} -->
<!-- end -->

<!-- english v1 {SLUG} -->
<!-- end -->

<!-- corpora v1 {SLUG} german -->
<!-- end -->
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


def filled(leaderboards: Path, text: str) -> str:
    page = leaderboards / "README.md"
    page.write_text(text, encoding="utf-8")
    Leaderboards(leaderboards).write_readme(["v1"])
    return page.read_text(encoding="utf-8")


def test_claims_stand_beside_ours_by_target_and_english_by_corpus(leaderboards: Path) -> None:
    text = filled(leaderboards, PAGE)
    target, english, corpora = read(text)
    assert target[0]["difference"] == "hard-pseudo-labels, 100 − lower-bound, 0"
    assert target[0]["German, ours"].startswith("+46.7 [")
    assert target[0]["Italian, paper"] == "−1.2"
    assert target[0]["on these speakers"] in ("holds", "not decided")
    assert english[0]["German, ours"] == "+46.7 ± 5.8"
    assert [row["RAVDESS, accuracy %"] for row in corpora] == ["40.0 ± 0.0", "86.7 ± 5.8"]
    assert "| german" not in text


def test_the_picture_of_the_claims_shows_the_papers_differences(leaderboards: Path) -> None:
    text = filled(leaderboards, PAGE)
    name = f"figures/differences-v1-{SLUG}"
    assert f"({name}.svg)" in text
    assert b"the paper, Italian" in (leaderboards / f"{name}.svg").read_bytes()


@pytest.mark.parametrize("words", ["print v1", "differences v1"])
def test_a_block_with_other_arguments_is_named(leaderboards: Path, words: str) -> None:
    with pytest.raises(UnknownNameError, match=words):
        filled(leaderboards, f"<!-- {words} -->\n<!-- end -->")


def test_every_figure_in_print_that_has_a_record_stands_in_one_table(
    template: Record, tmp_path: Path
) -> None:
    paper, four = get_protocol("agarla2022"), get_protocol("agarla2022-4")
    upper = {"name": "upper-bound", "target_labels": "all"}
    nnpm = {"name": "nnpm", "target_labels": "few"}
    records = over_seeds(template, four, 2, labels=0, method=nnpm)
    for track, right in (("frozen", {0: 7, 1: 7, 2: 8}), ("finetune", {0: 9})):
        records += over_seeds(template, paper, right, labels="all", method=upper, track=track)
    write(records, tmp_path)
    (rows,) = read(filled(tmp_path, "<!-- print -->\n<!-- end -->"))
    told = [(row["in print"], row["tested on"], row["track"].split(",")[0]) for row in rows]
    assert told == [
        ("Table 4", "English", "finetune"),
        ("Table 4", "English", "frozen"),
        ("Table 4", "German", "finetune"),
        ("Table 4", "German", "frozen"),
        ("Table 6", "German", "frozen"),
    ]
    english, german, nnpm_row = rows[1], rows[3], rows[4]
    assert (english["paper"], english["ours"]) == ("75.04", "73.3 ± 5.8")
    assert (english["ours − paper"], english["paper within interval"]) == ("−1.7", "–")
    assert german["ours"].startswith("73.3 ± 5.8 [")
    assert (german["ours − paper"], german["paper within interval"]) == ("+0.1", "yes")
    assert "1 of 3 seeds" in rows[0]["ours"]
    assert (nnpm_row["paper"], nnpm_row["ours − paper"]) == ("50.6", "−30.6")
