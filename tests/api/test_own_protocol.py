"""A protocol of one's own, with folds, on a corpus of one's own that lacks a class."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from tests.local_hub import serving, use

import xlser
from xlser import registry
from xlser.corpora import TableCorpus, add_corpus, get_corpus
from xlser.errors import InvalidProtocolError, ProtocolError
from xlser.protocols import find_protocol, names_with_results
from xlser.records.packing import pack
from xlser.records.store import files, read_runs
from xlser.records.validate import validate
from xlser.site import Leaderboards

TOML = """
name = "sardinian"
sources = ["demo-english", "demo-french"]
targets = ["my-sardinian", "demo-german"]
seeds = 2
folds = 2
budgets = [0, 10]
headline_budgets = [10]
reference = "svm"
backbone = "logmel-functionals"

[label_map.my-sardinian]
calm = "neutral"
"""


def own_corpus(dropped: int = 0) -> None:
    """Make a corpus of the demo's Italian: fear left out, neutral speech called calm."""
    demo = get_corpus("demo-italian")
    root = demo.packaged_root()
    assert root
    rows = [
        {
            "path": path.relative_to(root).as_posix(),
            "speaker": spoken.speaker,
            "emotion": "calm" if spoken.emotion == "neutral" else spoken.emotion,
        }
        for path in sorted(demo.walk(root))
        if (spoken := demo.published().get(demo.name_of(path))) and spoken.emotion != "fear"
    ]
    table = pd.DataFrame(rows[dropped:])
    add_corpus(TableCorpus("my-sardinian", table, folder=root, language="sardinian"))


@pytest.fixture
def folder(tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(registry, "_in_process", dict(registry._in_process))
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    monkeypatch.delenv("XLSER_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(TOML, encoding="utf-8")
    own_corpus()
    return tmp_path


def test_from_a_file_to_a_leaderboard(folder: Path) -> None:
    results = xlser.run(["svm", "logistic-regression"], protocol="mine.toml", jobs=1)
    protocol = results.protocol
    assert protocol.target_classes == {"sardinian": ("anger", "happiness", "neutral", "sadness")}
    assert list(protocol.utterances) == ["my-sardinian"]

    where = folder / "leaderboards" / "sardinian" / "results"
    names = [path.name.rpartition("-")[0] for path in files(where, ".json")]
    assert len(names) == 2 * 2 * 4 * 2  # methods, budgets, seeds and folds, targets
    assert "svm-k10-s1-f0" in names
    assert set(zip(results.runs.frame["seed"], results.runs.frame["fold"], strict=True)) == {
        (0, 0), (0, 1), (1, 0), (1, 1),
    }  # fmt: skip

    of_svm = results.frame.query(
        "row == 'svm' and labels == 10 and target == 'sardinian' and role == 'target'"
    )
    ua = of_svm.query("metric == 'ua'").groupby("seed")["value"].mean()
    (table,) = [table for table in results.tables() if table.target == "sardinian"]
    (row,) = [row for row in table.rows if (row.method, row.labels) == ("svm", 10)]
    assert row.complete
    assert row.seeds == (0, 1)
    assert row.scores["target", "ua"].values == pytest.approx(tuple(ua))
    assert set(Counter(row.predictions.utterances.ids).values()) == {2}  # once a seed
    recalls = row.predictions.recalls
    assert recalls[1] is None  # fear
    assert all(recall is not None for recall in [recalls[0], *recalls[2:]])
    assert of_svm.query("metric == 'recall-fear'").empty
    assert not of_svm.query("metric == 'recall-sadness'").empty

    (summary,) = results.summaries()
    assert summary.headline == (10,)
    means = [line.score((10,)).mean for line in summary.lines]
    assert means == sorted(means, reverse=True)

    assert names_with_results(folder / "leaderboards") == ["sardinian"]
    page = Leaderboards(folder / "leaderboards").write(protocol).page.read_text("utf-8")
    assert page.startswith("# sardinian (a protocol of one's own)")
    (condition,) = (folder / "leaderboards/sardinian/conditions").iterdir()
    assert "With 0 labels:" in condition.read_text("utf-8")

    found = validate(files(where, ".json"))
    assert [fault.what for fault in found.faults] == []
    assert found.incomplete == []
    loose = read_runs(where).frame
    pack(where)
    packed = read_runs(where).frame
    assert list(packed["fold"]) == list(loose["fold"])
    assert list(packed["path"]) == list(loose["path"])


def test_a_row_without_a_fold_is_incomplete(folder: Path) -> None:
    results = xlser.run("svm", protocol="mine.toml", labels=10, folds=0, target="german", jobs=1)
    (table,) = results.tables()
    assert not table.rows[0].complete
    (note,) = results.notes
    assert note.detail == "0 (fold 1), 1 (fold 1)"


def test_other_utterances_than_frozen_are_refused(folder: Path) -> None:
    protocol = find_protocol(folder / "mine.toml")
    own_corpus(dropped=1)
    with pytest.raises(ProtocolError, match="other utterances, speakers or emotions"):
        xlser.run("svm", protocol=protocol, target="sardinian", labels=10, jobs=1)


def test_another_protocol_of_the_name_is_refused_where_results_are(folder: Path) -> None:
    asked = {"target": "german", "labels": 10, "seeds": 0, "jobs": 1}
    xlser.run("svm", protocol="mine.toml", **asked)
    (folder / "mine.toml").write_text(TOML.replace("[0, 10]", "[0, 10, 15]"), encoding="utf-8")
    with pytest.raises((InvalidProtocolError, xlser.errors.RecordError)):
        xlser.run("svm", protocol="mine.toml", **asked)


def test_its_results_go_to_the_hub_with_its_manifest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = xlser.run("svm", protocol="mine.toml", seeds=0, labels=10, jobs=1)
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    with serving() as hub:
        use(hub.address, folder / "hub", monkeypatch)
        xlser.publish(to="owner/sardinian", yes=True)
        there = xlser.load_results("hf://datasets/owner/sardinian")
    assert there.protocol.digest == results.protocol.digest
    pd.testing.assert_frame_equal(
        there.frame.drop(columns="path"),
        xlser.load_results().frame.drop(columns="path"),
    )
