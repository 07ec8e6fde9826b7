"""Embeddings from a file: their digest is in the record, and what is wrong is named."""

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.demo import Demo, request

import xlser
from xlser.backbones import pretrained
from xlser.errors import SettingsError, TableError, WeightsError
from xlser.runs.failures import again
from xlser.settings import Settings


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("cache"))


def ids(demo: Demo) -> list[str]:
    found = demo.catalogue().inventories.values()
    return [utterance.id for inventory in found for utterance in inventory.utterances]


def write(path: Path, names: list[str], vectors: object) -> Path:
    pq.write_table(pa.table({"id": names, "vector": vectors}), path)
    return path


def vectors(demo: Demo, width: int = 6) -> list[list[float]]:
    rng = np.random.default_rng(0)
    return [list(map(float, rng.normal(size=width))) for _ in ids(demo)]


def test_runs_read_the_vectors_in_any_order(demo: Demo, tmp_path: Path) -> None:
    names, values = ids(demo), vectors(demo)
    path = write(tmp_path / "mine.parquet", names[::-1], values[::-1])
    inputs = demo.inputs("frozen", f"features:{path}")
    asked = [names[3], names[0], names[-1]]
    expected = np.array([values[3], values[0], values[-1]], dtype=np.float32)
    assert np.array_equal(inputs.speech(asked).features.numpy(), expected)


def test_a_record_carries_the_digest_of_the_table(demo: Demo, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.parquet", ids(demo), vectors(demo))
    plan = demo.plan(request(["svm"], labels=[0]), tmp_path / "results", f"features:{path}")
    name, digest = plan.todo[0].identity["backbone"]
    assert name == "features:mine"
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_option_runs_on_a_table(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLSER_CACHE", str(demo.settings.cache))
    path = write(tmp_path / "mine.parquet", ids(demo), vectors(demo))
    results = xlser.run(
        "svm", target="german", labels=0, seeds=0, features=path, leaderboards=tmp_path / "boards"
    )
    assert set(results.frame["backbone"]) == {"features:mine"}
    (record,) = (tmp_path / "boards").rglob("svm-*.json")
    assert record.parent.name == "features-mine"


def test_a_failed_run_says_how_to_get_the_table_again(demo: Demo, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.parquet", ids(demo), vectors(demo))
    plan = demo.plan(request(["svm"], labels=[0]), tmp_path / "results", f"features:{path}")
    (run,) = pickle.loads(pickle.dumps(plan.todo))
    assert f"--backbone features:{path} " in again(
        run, tmp_path / "boards" / "demo" / "results", {}
    )


def test_a_table_is_no_backbone_to_fine_tune(demo: Demo, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.parquet", ids(demo), vectors(demo))
    with pytest.raises(WeightsError, match="nothing to fine-tune"):
        demo.plan(request(["sft"], track="finetune"), tmp_path, f"features:{path}")
    with pytest.raises(SettingsError, match="not fine-tuned"):
        xlser.run("sft", target="german", track="finetune", features=path, leaderboards=tmp_path)
    with pytest.raises(SettingsError, match="Both --backbone and --features"):
        xlser.run("svm", target="german", backbone="egemaps", features=path, leaderboards=tmp_path)


def test_missing_utterances_are_named(demo: Demo, tmp_path: Path) -> None:
    names = ids(demo)
    path = write(tmp_path / "mine.parquet", names[2:], vectors(demo)[2:])
    with pytest.raises(TableError, match=rf"lacks 2 of \d+ utterances: {names[0]}, {names[1]}\."):
        demo.inputs("frozen", f"features:{path}")


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"id": ["a", "b"]}, "not a table of embeddings"),
        ({"id": ["a", "b"], "vector": [1.0, 2.0]}, "not a table of embeddings"),
        ({"id": ["a", "b"], "vector": [[1.0], [1.0, 2.0]]}, "lengths 1, 2, not one length"),
        ({"id": ["a", "b"], "vector": [[1.0], None]}, "lengths 1, None, not one length"),
        ({"id": ["a", "a"], "vector": [[1.0], [2.0]]}, "the id 'a' stands in several rows"),
        ({"id": ["a", "b"], "vector": [[1.0], [float("nan")]]}, "1 utterances are not finite, 'b'"),
        (
            {"id": pa.array([], pa.string()), "vector": pa.array([], pa.list_(pa.float32()))},
            "no rows",
        ),
    ],
)
def test_what_is_no_table_is_refused(
    columns: dict[str, object], problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.parquet"
    pq.write_table(pa.table(columns), path)
    with pytest.raises(TableError, match=problem) as caught:
        pretrained(f"features:{path}", Settings(cache=tmp_path))
    assert caught.value.remedy


def test_a_table_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.parquet", tmp_path):
        with pytest.raises(TableError, match="not a table of embeddings"):
            pretrained(f"features:{path}", Settings(cache=tmp_path))
