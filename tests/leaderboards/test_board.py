from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.demo import Demo, request

from xlser.errors import RecordError
from xlser.leaderboards import read_records, render, tables, write_leaderboard
from xlser.protocols import Protocol, get_protocol
from xlser.runs import Predictions, Record, score_predictions

_GERMAN = "## German"


@pytest.fixture(scope="module")
def template(demo_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Record:
    results = tmp_path_factory.mktemp("results")
    return Demo(demo_cache).run(request(["svm"], labels=[20]), results).records[0]


def made(template: Record, protocol: Protocol, right: int = 7, **changes: Any) -> Record:
    """A record of `protocol` in which `right` of 10 target utterances are recognised."""
    truth = [0, 1, 2, 3, 4] * 2
    answers = [t if i < right else (t + 1) % 5 for i, t in enumerate(truth)]
    matrix = np.eye(5, dtype=np.float32)[answers]
    names = [f"u{i}" for i in range(10)]
    predictions = (
        Predictions.of("emodb", "target", names, truth, matrix),
        Predictions.of("ravdess", "source", names, truth, matrix),
    )
    stamp = {"name": "sft", "target_labels": "few", "settings": {}} | changes.pop("method", {})
    return template.model_copy(
        update={
            "key": repr(sorted(changes.items())) + repr(stamp),
            "protocol": protocol.name,
            "protocol_version": protocol.version,
            "protocol_digest": protocol.digest,
            "labels": 100,
            "absent_corpora": (),
            "source_corpora": ("ravdess", "savee", "tess"),
            "predictions": predictions,
            "scores": score_predictions(predictions, 5, protocol.source_figure),
            "method": template.method.model_copy(update=stamp),
            **changes,
        }
    )


def page(protocol: Protocol, records: list[Record]) -> str:
    return render(
        protocol, tables(protocol, [(Path(f"{i}.json"), r) for i, r in enumerate(records)])
    )


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def over_seeds(
    template: Record, protocol: Protocol, rights: Mapping[int, int], **c: Any
) -> list[Record]:
    return [made(template, protocol, right, seed=seed, **dict(c)) for seed, right in rights.items()]


def test_figures_are_mean_and_standard_deviation_over_seeds(template: Record) -> None:
    v1 = get_protocol("v1")
    text = page(v1, over_seeds(template, v1, {0: 6, 1: 7, 2: 8}))
    assert rows(text)[2] == ["1", "sft", "100", *["70.0 ± 10.0"] * 4, "3"]


def test_rank_goes_by_headline_within_a_budget_and_ties_share_it(template: Record) -> None:
    v1 = get_protocol("v1")
    records = []
    for name, right, labels in (("a", 5, 100), ("b", 9, 100), ("c", 9, 100), ("d", 2, 25)):
        same = dict.fromkeys(range(3), right)
        records += over_seeds(template, v1, same, labels=labels, method={"name": name})
    ranked = [(row[0], row[1], row[2]) for row in rows(page(v1, records))[2:]]
    expected = [("1", "d", "25"), ("1", "b", "100"), ("1", "c", "100"), ("3", "a", "100")]
    assert ranked == expected


def test_a_method_that_sees_all_target_labels_has_no_rank(template: Record) -> None:
    v1 = get_protocol("v1")
    every = {"name": "upper-bound", "target_labels": "all"}
    records = over_seeds(template, v1, {0: 10, 1: 10, 2: 10}, labels="all", method=every)
    records += over_seeds(template, v1, {0: 7, 1: 7, 2: 7})
    body = rows(page(v1, records))[2:]
    assert [row[:3] for row in body] == [["1", "sft", "100"], ["–", "upper-bound †", "all"]]


def test_a_row_that_lacks_seeds_says_so_and_has_no_rank(template: Record) -> None:
    v1 = get_protocol("v1")
    (row,) = rows(page(v1, over_seeds(template, v1, {0: 7, 2: 7})))[2:]
    assert (row[0], row[-1]) == ("–", "2 of 3")


def test_a_partial_source_is_marked_apart_and_not_ranked(template: Record) -> None:
    v1 = get_protocol("v1")
    some = {"source_corpora": ("ravdess", "tess"), "absent_corpora": ("savee",)}
    records = over_seeds(template, v1, {0: 9, 1: 9, 2: 9}, method={"name": "other"}, **some)
    records += over_seeds(template, v1, {0: 7, 1: 7, 2: 7})
    complete, partial = page(v1, records).split("### ")[1:]
    assert "partial" not in complete
    assert rows(complete)[2][:2] == ["1", "sft"]
    assert "partial source: ravdess, tess" in partial.splitlines()[0]
    assert rows(partial)[0][0] == "method"
    assert rows(partial)[2][0] == "other"


def test_excluded_utterances_are_named_and_not_ranked(template: Record) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, {0: 7}, excluded={"emodb": ("03a01Fa",)})
    text = page(v1, records)
    assert "excluded: emodb/03a01Fa" in text
    assert "partial source" not in text.split("###")[1]
    assert rows(text)[0][0] == "method"


def test_the_papers_figure_stands_beside_ours_with_table_and_difference(template: Record) -> None:
    paper = get_protocol("agarla2022")
    lower = {"name": "lower-bound", "target_labels": "none"}
    records = over_seeds(template, paper, {0: 7, 1: 7, 2: 7}, labels=0, method=lower)
    records += over_seeds(template, paper, {0: 7, 1: 7, 2: 7})
    body = rows(page(paper, records))[2:]
    assert body[0][-4:] == ["60.56 (Table 3)", "+9.4", "79.13 (Table 4)", "−9.1"]
    assert body[1][-4:] == ["–"] * 4


def test_accuracy_comes_first_where_the_protocol_says_so(template: Record) -> None:
    paper, v1 = get_protocol("agarla2022"), get_protocol("v1")
    header = rows(page(paper, over_seeds(template, paper, {0: 7})))[0]
    assert header[2] == "accuracy %"
    assert rows(page(v1, over_seeds(template, v1, {0: 7})))[0][3] == "UA %"


def test_settings_that_differ_from_the_defaults_stand_in_the_row(template: Record) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, {0: 7}, method={"settings": {"tau": 0.5}})
    changed = {"settings": {"tau": 0.85}, "changed": ("tau",)}
    records += over_seeds(template, v1, {0: 7}, method=changed)
    names = [row[1] for row in rows(page(v1, records))[2:]]
    assert names == ["sft", "sft (tau=0.85)"]


def test_seeds_run_on_different_recordings_do_not_make_a_row(template: Record) -> None:
    v1 = get_protocol("v1")
    one, other = over_seeds(template, v1, {0: 7, 1: 7})
    other = other.model_copy(update={"corpora": {"emodb": "another digest"}})
    with pytest.raises(RecordError, match="different recordings"):
        page(v1, [one, other])


@pytest.mark.parametrize("name", ["agarla2022", "agarla2022-4"])
def test_the_flaw_of_the_persian_split_is_stated_wherever_it_counts(name: str) -> None:
    assert "all 52 test speakers also train" in page(get_protocol(name), [])
    assert "52 test speakers" not in page(get_protocol("v1"), [])


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
    path = write_leaderboard(get_protocol("demo"), tmp_path)
    assert path == tmp_path / "demo" / "README.md"
    assert _GERMAN in path.read_text(encoding="utf-8")


def test_no_records_give_a_page_that_says_so(tmp_path: Path) -> None:
    path = write_leaderboard(get_protocol("v1"), tmp_path)
    assert "No records yet." in path.read_text(encoding="utf-8")


_COMMITTED = Path(__file__).parents[2] / "leaderboards"


@pytest.mark.parametrize("name", ["agarla2022", "v1"])
def test_committed_tables_follow_from_committed_records_byte_for_byte(name: str) -> None:
    protocol = get_protocol(name)
    records = read_records(_COMMITTED / name / "results")
    assert records
    text = render(protocol, tables(protocol, records))
    assert text.encode() == (_COMMITTED / name / "README.md").read_bytes()
