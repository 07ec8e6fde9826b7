from pathlib import Path

from tests.leaderboards.made import over_seeds, read, results, under, without_interval, write

from xlser.protocols import Protocol, get_protocol
from xlser.records import Record
from xlser.site import write_leaderboard

_HEADING = "## Mean over 2 target languages"


def without_headline() -> Protocol:
    """v1 with pages ordered by the largest budget; presentation is outside of the digest."""
    v1 = get_protocol("v1")
    plain = v1.presentation.model_copy(update={"headline_budgets": ()})
    return v1.model_copy(update={"presentation": plain})


def several(template: Record) -> list[Record]:
    """Records of v1 over two languages: one method complete, others lacking here and there."""
    v1 = get_protocol("v1")
    records = []
    for target, right in (("german", {0: 5, 1: 6, 2: 7}), ("italian", {0: 8, 1: 8, 2: 8})):
        records += over_seeds(template, v1, right, target=target)
        records += over_seeds(template, v1, 4, target=target, labels=25)
        records += over_seeds(template, v1, 7, target=target, method={"name": "twin"})
        records += over_seeds(template, v1, 9, target=target, labels=0, method={"name": "none"})
        seeds = {0: 9, 1: 9} if target == "german" else {0: 9, 1: 9, 2: 9}
        records += over_seeds(template, v1, seeds, target=target, method={"name": "seedless"})
        every = {"name": "upper-bound", "target_labels": "all"}
        records += over_seeds(template, v1, 10, target=target, labels="all", method=every)
    return records + over_seeds(template, v1, 9, target="german", method={"name": "one-sided"})


def test_the_summary_averages_over_targets_seed_by_seed(template: Record) -> None:
    (summary,) = results(get_protocol("v1"), several(template)).summaries()
    assert summary.languages == "German and Italian"
    assert summary.budgets == (0, 25, 100, "all")
    figure = next(line for line in summary.lines if line.method == "sft").scores[100]
    assert [round(value, 6) for value in figure.values] == [65, 70, 75]


def test_lines_come_best_first_at_the_largest_budget_then_bounds(template: Record) -> None:
    (summary,) = results(get_protocol("v1"), several(template)).summaries()
    assert [line.method for line in summary.lines] == ["sft", "twin", "none", "upper-bound"]
    assert summary.left_out == {"one-sided": [100], "seedless": [100]}


def test_the_page_ranks_means_within_a_budget_and_names_what_is_left_out(
    template: Record, tmp_path: Path
) -> None:
    write(several(template), tmp_path)
    page = write_leaderboard(without_headline(), tmp_path).page
    (condition,) = page.parent.glob("conditions/*.md")
    part = condition.read_text(encoding="utf-8")
    means, told = read(part)
    sft, twin, none, bound = (
        {title: without_interval(cell) for title, cell in row.items()} for row in means
    )
    assert [(row[""], row["methods"]) for row in told] == [("100 labels", "2")]
    assert "the ranks are no evidence" in part
    assert (sft["25 labels"], sft["100 labels"]) == (
        "40.0 ± 0.0 (1)",
        "70.0 ± 5.0 (1=)",
    )
    assert (twin["25 labels"], twin["100 labels"]) == ("", "70.0 ± 0.0 (1=)")
    assert none["0 labels"] == "90.0 ± 0.0 (1)"
    assert (bound["method"], bound["all labels"]) == ("upper-bound †", "100.0 ± 0.0")
    assert "one-sided (100 labels), seedless (100 labels)" in part
    text = page.read_text(encoding="utf-8")
    assert text.index(_HEADING) < text.index("[German")
    first, *_ = read(under(text, _HEADING))
    assert [row["method"] for row in first] == ["sft", "twin", "none", "upper-bound †"]


def test_partial_and_complete_sources_are_never_averaged_together(template: Record) -> None:
    v1 = get_protocol("v1")
    some = {"source_corpora": ("ravdess", "tess"), "absent_corpora": ("savee",)}
    records = over_seeds(template, v1, 7, target="german")
    records += over_seeds(template, v1, 7, target="italian", **some)
    assert results(v1, records).summaries() == []
    records += over_seeds(template, v1, 9, target="german", **some)
    (summary,) = results(v1, records).summaries()
    assert summary.condition.partial


def test_one_language_has_no_summary(template: Record, tmp_path: Path) -> None:
    v1 = get_protocol("v1")
    write(over_seeds(template, v1, 7), tmp_path)
    text = write_leaderboard(v1, tmp_path).page.read_text(encoding="utf-8")
    assert _HEADING not in text
    assert not list(tmp_path.rglob("summary-*.svg"))
