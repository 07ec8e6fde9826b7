import pytest
from tests.leaderboards.made import over_seeds, read, results

from xlser.errors import ProtocolError, UnknownNameError
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.results import Results
from xlser.site.view import LeaderboardView

V1 = get_protocol("v1")


@pytest.fixture(scope="module")
def found(template: Record) -> Results:
    made = []
    for target in ("german", "italian"):
        made += over_seeds(template, V1, 7, target=target)
        made += over_seeds(template, V1, 6, target=target, labels=0, method={"name": "zero"})
        bound = {"name": "upper-bound", "target_labels": "all"}
        made += over_seeds(template, V1, 9, target=target, labels="all", method=bound)
    return results(V1, made)


def test_all_tables_are_shown_as_markdown(found: Results) -> None:
    text = str(LeaderboardView(found))
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## German (EMO-DB)",
        "## Italian (EMOVO)",
    ]
    assert [row["method"] for table in read(text) for row in table] == [
        *("zero", "upper-bound †", "sft", "upper-bound †")
    ] * 2
    assert "](" not in text  # pages of details may not be there


def test_tables_are_chosen_by_target_label_budget_and_metric(found: Results) -> None:
    view = LeaderboardView(found, targets=["italian"], labels=[100], metrics=["macro-f1"])
    (table,) = read(str(view))
    assert [row["method"] for row in table] == ["sft", "upper-bound †"]
    assert "macro-F1 %" in table[0]
    assert "german" not in str(view).lower()


def test_a_notebook_shows_the_same_cells(found: Results) -> None:
    view = LeaderboardView(found, labels=[0])
    html = view._repr_html_()
    assert html.count("<table>") == 2
    for row in (row for table in read(str(view)) for row in table):
        for cell in row.values():
            assert f">{cell}</td>" in html


def test_the_frame_has_a_row_a_row_of_the_tables(found: Results) -> None:
    frame = LeaderboardView(found).frame
    assert len(frame) == 8
    assert frame.columns[:3].tolist() == ["target", "condition", "labels"]
    zero = frame[frame["method"] == "zero"]
    assert set(zero["labels"]) == {"0"}
    assert set(zero["UA %"]) == {"60.0 ± 0.0"}


def test_what_does_not_exist_is_named(found: Results) -> None:
    with pytest.raises(UnknownNameError, match="latin"):
        LeaderboardView(found, targets=["latin"])
    with pytest.raises((UnknownNameError, ProtocolError), match="7"):
        LeaderboardView(found, labels=[7])
    with pytest.raises(UnknownNameError, match="beauty"):
        LeaderboardView(found, metrics=["beauty"])


def test_without_records_there_is_a_sentence(found: Results) -> None:
    assert "No records of v1" in str(LeaderboardView(results(V1, [])))
