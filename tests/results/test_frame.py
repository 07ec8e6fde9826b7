import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.costs import opened
from tests.leaderboards.made import over_seeds, results, write
from tests.local_hub import serving, use
from tests.packages import Package

import xlser
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.results import load

DOCS = Path(__file__).parents[2] / "docs" / "results.md"


def records(template: Record) -> list[Record]:
    v1 = get_protocol("v1")
    made = []
    for target in ("german", "italian"):
        made += over_seeds(template, v1, {0: 5, 1: 6, 2: 9}, target=target)
        made += over_seeds(template, v1, 4, target=target, method={"name": "below"})
    return made


def test_every_record_is_read_once_whatever_is_asked_for(template: Record, tmp_path: Path) -> None:
    write(records(template), tmp_path)
    with opened(tmp_path, ".json") as times:
        found = load(get_protocol("v1"), tmp_path)
        assert len(found.tables()) == 2
        assert len(found.summaries()) == 1
        assert len(found.compare("sft", "below").cells) == 2
        assert len(found.tables("ece")) == 2
        assert not found.frame.empty
        assert not found.cost().empty
    assert len(times) == 12
    assert set(times.values()) == {1}


def test_the_frame_has_a_row_a_run_role_and_metric(template: Record) -> None:
    made = records(template)
    frame = results(get_protocol("v1"), made).frame
    assert not frame.duplicated(["key", "role", "metric"]).any()
    asked = frame[(frame["role"] == "target") & (frame["metric"] == "ua")]
    stated = {record.key: 100 * record.scores["target"].ua for record in made}
    assert dict(zip(asked["key"], asked["value"], strict=True)) == stated
    assert set(frame.loc[frame["role"] == "target", "metric"]) == {
        *(f"recall-{emotion}" for emotion in get_protocol("v1").classes),
        *("accuracy", "brier", "ece", "macro-f1", "ua"),
    }
    assert not {"brier", "ece"} & set(frame.loc[frame["role"] == "source", "metric"])
    assert set(frame["row"]) == {"sft", "below"}


def test_recalls_of_the_frame_average_to_its_ua(template: Record) -> None:
    frame = results(get_protocol("v1"), records(template)).frame
    wide = frame.pivot_table(index=["key", "role"], columns="metric", values="value")
    recalls = wide[[name for name in wide if name.startswith("recall-")]]
    np.testing.assert_allclose(recalls.mean(axis=1), wide["ua"])


def test_repeats_are_in_the_frame_and_in_no_table(template: Record) -> None:
    v1 = get_protocol("v1")
    again = over_seeds(template, v1, 9, repeat=1)
    found = results(v1, [*over_seeds(template, v1, 7), *again])
    assert [row.seeds for table in found.tables() for row in table.rows] == [v1.seeds]
    assert found.frame["repeat"].value_counts().nunique() == 1
    assert found.notes == []


def test_source_scores_are_pooled_or_averaged_over_corpora_as_records_state(
    template: Record,
) -> None:
    """Two source corpora of ten and of two utterances, recognised by 70 % and by 0 %."""
    v1 = get_protocol("v1")
    (record,) = over_seeds(template, v1, {0: 7})
    target, source = record.predictions
    first_two = {"corpus": "tess", "utterances": " ".join(source.names[:2]), "emotion": "01"}
    second = source.model_copy(update={**first_two, "predicted": "12"})
    for figure, anger in (("pooled", 200 / 3), ("mean over corpora", 50)):
        update = {"predictions": (target, source, second), "source_figure": figure}
        (table,) = results(v1, [record.model_copy(update=update)]).tables()
        scores = table.rows[0].scores
        by_corpus = scores.by_corpus("source", "accuracy")
        assert {name: score.mean for name, score in by_corpus.items()} == pytest.approx(
            {"ravdess": 70, "tess": 0}
        )
        assert scores["source", "recall-anger"].mean == pytest.approx(anger)
        assert scores["source", "recall-sadness"].mean == pytest.approx(50)  # none in the second


_SURE = """
    import numpy as np
    from xlser.metrics import ConfusionMetric

    class First(ConfusionMetric):
        name, title, source = "first", "share of the first class", "a test"

        def of_confusion(self, counts):
            return counts[..., :, 0].sum(axis=-1) / counts.sum(axis=(-2, -1))
"""


def test_a_metric_of_another_package_is_computed_from_records_that_were_there(
    template: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = records(template)
    assert "first" not in set(results(get_protocol("v1"), made).frame["metric"])
    Package(tmp_path).install("firsts", _SURE, group="xlser.metrics", first="First")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = results(get_protocol("v1"), made)
    share = found.frame.query("metric == 'first' and role == 'target'")["value"]
    assert len(share) == len(made)
    assert share.between(0, 100).all()
    assert found.tables("first")[0].rows[0].resampled.estimate.interval is not None


def test_the_examples_of_the_documentation_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaderboards").symlink_to(DOCS.parents[1] / "leaderboards")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    names: dict[str, Any] = {}
    with serving() as hub:
        use(hub.address, tmp_path / "cache", monkeypatch)
        xlser.publish("agarla2022-4", to="owner/results", yes=True)
        for example in re.findall(
            r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL
        ):
            exec(example, names)
    assert not names["means"].empty
    sent = hub.files["datasets/owner/results"]
    assert names["sizes"] == {path: len(sent[path]) for path in sent if path[0] != "."}
    assert len(names["theirs"].runs) == names["publication"].records


def test_every_column_of_the_frame_is_described(template: Record) -> None:
    text = DOCS.read_text(encoding="utf-8")
    described = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)))
    assert described == [*results(get_protocol("v1"), records(template)).frame.columns]
