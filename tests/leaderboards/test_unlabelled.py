"""What became of unlabelled speech, on the pages of details."""

from tests.leaderboards.made import over_seeds, read, results, under

from xlser.leaderboards.rendering import page_as_markdown
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.records.unlabelled import Calibration, PseudoLabelling, UnlabelledSpeech
from xlser.site.pages.details import details_page

STATED = UnlabelledSpeech(
    utterances=40,
    pseudo_labels=PseudoLabelling(
        kept=(0.5, 0.6, 0.7, 0.8),
        right=(0.9, 0.8, 0.8, None),
        right_of_all=(0.6, 0.6, 0.5, 0.4),
        largest=(0.3, 0.3, 0.5, 0.7),
    ),
    source_model=Calibration(utterances=40, accuracy=0.5, confidence=0.9, ece=0.4),
)


def text_of(records: list[Record]) -> str:
    found = results(get_protocol("v1"), records)
    return page_as_markdown(details_page(found, found.tables()[0], drawn=False))


def test_pseudo_labels_and_source_models_stand_below_the_table(template: Record) -> None:
    v1 = get_protocol("v1")
    other = {"name": "svm"}
    records = [
        *over_seeds(template, v1, 7, unlabelled=STATED),
        *over_seeds(template, v1, 8, unlabelled=None, method=other),
    ]
    text = under(text_of(records), "## 100 labels")
    (row,) = next(table for table in read(text) if "kept" in table[0])
    assert row == {
        "method": "sft",
        "kept at first": "50.0",
        "kept": "80.0",
        "right at first": "90.0",
        "right": "–",
        "right of all": "40.0",
        "largest class": "70.0",
    }
    assert "50.0 % accurate with a mean confidence of 90.0 % (ECE 40.0)" in text
    assert "validation" not in text


def test_records_that_state_nothing_leave_the_page_as_it_was(template: Record) -> None:
    text = text_of(over_seeds(template, get_protocol("v1"), 7, unlabelled=None))
    assert "Pseudo-labels" not in text
    assert "source models" not in text
