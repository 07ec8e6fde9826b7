from pathlib import Path

import pytest
from tests.leaderboards.made import boards, over_seeds, read, results, under, write

from xlser.leaderboards.rendering import page_as_markdown
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.site import write_leaderboard
from xlser.site.pages.details import details_page

_NAME = "german-frozen-logmel-functionals"


def test_recalls_confusions_and_chance_stand_on_the_page_of_a_table(template: Record) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, {0: 6, 1: 7, 2: 8})
    found = results(v1, records)
    text = page_as_markdown(details_page(found, found.tables()[0], drawn=True))
    (row,), confusions = read(under(text, "## 100 labels"))
    assert (row["method"], row["UA %"], row["seeds"]) == ("sft", "70.0 ± 10.0", "3")
    # Of ten utterances the first 6, 7 and 8 are right; each class has two, five apart.
    recalls = {"anger": 100, "fear": 83.3, "happiness": 66.7, "neutral": 50, "sadness": 50}
    assert {name: row[name] for name in recalls} == {n: f"{r:.1f}" for n, r in recalls.items()}
    assert row["most common confusion"] == "neutral → sadness, 50 %"
    assert row["ECE %"] == "30.0"
    assert row["Brier score × 100"] == "60.0 ± 20.0"
    assert row["macro-F1 %"].startswith("69.")
    happiness = next(line for line in confusions if line["true class"] == "happiness")
    assert (happiness["as happiness"], happiness["as neutral"]) == ("4", "2")
    assert "30 for 10 utterances of 10 speakers" in text
    assert "Guessing gives 20.0 % UA and accuracy" in text
    assert f"](../figures/confusions-{_NAME}.svg)" in text


def test_a_class_without_utterances_has_no_recall(template: Record) -> None:
    v1 = get_protocol("v1")
    (record,) = over_seeds(template, v1, {0: 7})
    target, source = record.predictions
    target = target.model_copy(update={"emotion": target.emotion.replace("1", "0")})
    record = record.model_copy(update={"predictions": (target, source)})
    record = record.model_copy(update={"scores": record.rescored()})
    (board,) = boards(v1, [record])
    recalls = board.rows[0].predictions.recalls
    assert recalls[1] is None
    assert recalls[2] == 50


def test_a_page_is_linked_from_its_table_and_removed_with_it(
    template: Record, tmp_path: Path
) -> None:
    v1 = get_protocol("v1")
    write(over_seeds(template, v1, 7), tmp_path)
    details = tmp_path / "v1/details"
    details.mkdir()
    (details / "italian-old.md").touch()
    page = write_leaderboard(v1, tmp_path).page
    assert [path.name for path in details.iterdir()] == [f"{_NAME}.md"]
    assert f"](details/{_NAME}.md)" in page.read_text(encoding="utf-8")
    links = (details / f"{_NAME}.md").read_text(encoding="utf-8").split("](")[1:]
    for link in links:
        assert (details / link.partition(")")[0]).exists()


@pytest.mark.parametrize("name", ["demo", "agarla2022-4"])
def test_where_no_pictures_are_drawn_the_page_shows_none(
    name: str, template: Record, tmp_path: Path
) -> None:
    protocol = get_protocol(name)
    write(over_seeds(template, protocol, 7), tmp_path)
    write_leaderboard(protocol, tmp_path)
    (page,) = (tmp_path / name / "details").iterdir()
    assert "![" not in page.read_text(encoding="utf-8")
