import base64
import json
from pathlib import Path

import numpy as np
import pytest
from tests.demo import Demo, request

from xlser.errors import RecordError
from xlser.metrics import Scores
from xlser.records import Predictions, Record, score_predictions

PREDICTIONS = {
    "corpus": "demo-german",
    "role": "target",
    "utterances": "a b",
    "emotion": "01",
    "predicted": "01",
    "levels": base64.b64encode(255 * np.eye(5, dtype=np.uint8)[:2]).decode(),
}


@pytest.fixture(scope="module")
def path(demo_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("results")
    Demo(demo_cache).run(request(["svm"], labels=[20]), results)
    (written,) = results.rglob("*.json")
    return written


def edited(path: Path, tmp_path: Path, **changes: object) -> Path:
    content = json.loads(path.read_text()) | changes
    copy = tmp_path / path.name
    copy.write_text(json.dumps(content))
    return copy


def test_predictions_pack_to_levels_and_back() -> None:
    matrix = np.random.default_rng(0).dirichlet(np.ones(5), size=40).astype(np.float32)
    packed = Predictions.of("emodb", "target", ["a", "b"] * 20, [0, 4] * 20, matrix)
    assert np.abs(packed.matrix - matrix).max() < 1 / 255
    assert (packed.level_matrix.sum(axis=1, dtype=int) == 255).all()
    assert (packed.prediction == matrix.argmax(axis=1)).all()
    assert packed.names == ["a", "b"] * 20
    assert packed.truth.tolist() == [0, 4] * 20


def test_a_record_read_again_is_the_record_written(path: Path, tmp_path: Path) -> None:
    record = Record.read(path)
    record.write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_figures_follow_from_the_predictions(path: Path) -> None:
    record = Record.read(path)
    (part,) = record.of_role("target")
    truth, answers = part.truth, part.prediction
    recalls = [np.mean(answers[truth == c] == c) for c in range(5)]
    assert record.scores["target"].ua == pytest.approx(np.mean(recalls))
    assert record.scores["target"].accuracy == pytest.approx(np.mean(answers == truth))


def test_an_edited_figure_is_found_out(path: Path, tmp_path: Path) -> None:
    scores = json.loads(path.read_text())["scores"]
    scores["target"]["ua"] += 0.01
    with pytest.raises(RecordError, match="do not give"):
        Record.read(edited(path, tmp_path, scores=scores))


@pytest.mark.parametrize("keep", [0, 1, 200, -2])
def test_a_half_written_record_is_an_error(path: Path, tmp_path: Path, keep: int) -> None:
    cut = tmp_path / path.name
    cut.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RecordError, match="not a record"):
        Record.read(cut)


@pytest.mark.parametrize(
    "changes",
    [
        {"schema_version": 4},
        {"surplus": 1},
        {"track": "sideways"},
        {"predictions": [{"corpus": "x"}]},
        {"predictions": [PREDICTIONS | {"emotion": "0x"}]},
        {"predictions": [PREDICTIONS | {"emotion": "0٣"}]},
        {"predictions": [PREDICTIONS | {"emotion": "08"}]},
        {"predictions": [PREDICTIONS | {"emotion": "012"}]},
        {"predictions": [PREDICTIONS | {"predicted": "05"}]},
        {"predictions": [PREDICTIONS | {"predicted": "02"}]},
        {"predictions": [PREDICTIONS | {"predicted": "0"}]},
        {"predictions": [PREDICTIONS | {"utterances": "a  b"}]},
        {"predictions": [PREDICTIONS | {"levels": "no base64"}]},
        {"predictions": [PREDICTIONS | {"levels": base64.b64encode(bytes(10)).decode()}]},
        {"predictions": [PREDICTIONS | {"role": "source"}]},
        {"predictions": [PREDICTIONS, PREDICTIONS]},
        {"started": "yesterday"},
        {"started": "2026-11-23T10:00:00"},
    ],
)
def test_what_is_not_of_the_schema_is_an_error(
    path: Path, tmp_path: Path, changes: dict[str, object]
) -> None:
    with pytest.raises(RecordError, match="not a record"):
        Record.read(edited(path, tmp_path, **changes))


def test_the_source_is_pooled_or_averaged_as_the_protocol_says() -> None:
    right, wrong = np.eye(5, dtype=np.float32)[[0]], np.eye(5, dtype=np.float32)[[1]]
    parts = [
        Predictions.of("ravdess", "source", ["a"], [0], right),
        Predictions.of("tess", "source", ["b", "c", "d"], [0, 0, 0], np.repeat(wrong, 3, axis=0)),
    ]
    assert score_predictions(parts, 5, "pooled") == {"source": Scores(0.25, 0.25)}
    assert score_predictions(parts, 5, "mean over corpora") == {"source": Scores(0.5, 0.5)}
