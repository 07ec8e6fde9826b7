"""The record's schema: published, and older versions of it are read."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import numpy.typing as npt
import pytest
from tests.demo import Demo, request

from xlser.errors import RecordError
from xlser.records import Record
from xlser.records.schema import json_schema
from xlser.records.validate import identity
from xlser.system.files import digest_json

PUBLISHED = Path(__file__).parents[2] / "docs" / "record.schema.json"
OF_VERSION_1 = Path(__file__).parent / "records" / "schema-1.json"
"""As version 0.1.0 wrote it, on real speech."""


def test_the_published_schema_is_that_of_the_record() -> None:
    assert PUBLISHED.read_text() == json_schema()


def test_every_field_is_described() -> None:
    schema = json.loads(PUBLISHED.read_text())
    for part in (schema, *schema["$defs"].values()):
        for name, field in part["properties"].items():
            if name not in ("ua", "accuracy"):
                assert field["description"], name


def test_a_written_record_is_valid_under_the_published_schema(
    demo_cache: Path, tmp_path: Path
) -> None:
    Demo(demo_cache).run(request(["svm"], labels=[20]), tmp_path)
    (path,) = tmp_path.rglob("*.json")
    content, schema = json.loads(path.read_text()), json.loads(PUBLISHED.read_text())
    jsonschema.validate(content, schema)
    del content["predictions"]
    with pytest.raises(jsonschema.ValidationError, match="predictions"):
        jsonschema.validate(content, schema)


def test_a_record_of_version_1_is_read_as_one_of_the_newest() -> None:
    old = json.loads(OF_VERSION_1.read_text())
    record = Record.read(OF_VERSION_1)
    assert old["schema_version"] == 1
    assert record.schema_version == 3
    assert (record.repeat, record.isolated) == (0, False)
    assert record.rescored()["target"].ua == pytest.approx(old["scores"]["target"]["ua"], abs=1e-12)
    added: dict[str, object] = {"repeat": 0, "isolated": False, "peak_memory": {}}
    newest = json.loads(record.to_json())
    parts = newest.pop("predictions")
    assert newest == {
        **{name: value for name, value in old.items() if name != "predictions"},
        **added,
        "schema_version": 3,
        "method": {**old["method"], "changed": [], "packaged": True, "code": ""},
        "environment": {**old["environment"], "git": {}},
    }
    for part, older in zip(parts, old["predictions"], strict=True):
        matrix = np.frombuffer(base64.b64decode(older.pop("probabilities")), "<f2").reshape(-1, 5)
        assert part.pop("predicted") == "".join(map(str, matrix.argmax(axis=1)))
        if part["role"] == "target":
            levels = np.frombuffer(base64.b64decode(part.pop("levels")), np.uint8).reshape(-1, 5)
            assert (levels.sum(axis=1, dtype=int) == 255).all()
            assert np.abs(levels / 255 - matrix).max() < 5e-3
        assert part == older


def test_a_record_of_version_1_that_lacks_something_is_an_error(tmp_path: Path) -> None:
    old = json.loads(OF_VERSION_1.read_text())
    for name in ("environment", "scores", "key"):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({k: v for k, v in old.items() if k != name}))
        with pytest.raises(RecordError, match="not a record"):
            Record.read(path)


def with_probabilities(matrix: npt.NDArray[np.float16]) -> dict[str, Any]:
    """Return the record of version 1 with other probabilities for its target's first utterances."""
    old: dict[str, Any] = json.loads(OF_VERSION_1.read_text())
    part = old["predictions"][0]
    own = np.frombuffer(base64.b64decode(part["probabilities"]), "<f2").reshape(-1, 5).copy()
    own[: len(matrix)] = matrix
    part["probabilities"] = base64.b64encode(own.tobytes()).decode()
    return old


def test_of_equal_probabilities_the_first_is_predicted_as_it_was_scored() -> None:
    matrix = np.array([[0.125, 0.375, 0.0, 0.375, 0.125], [0.2] * 5], np.float16)
    record = Record.of_json(json.dumps(with_probabilities(matrix)).encode())
    assert record.predictions[0].predicted[:2] == "10"
    levels = record.predictions[0].level_matrix[:2]
    assert levels.tolist() == [[32, 96, 0, 95, 32], [51] * 5]


@pytest.mark.parametrize("row", [[np.nan, 1, 0, 0, 0], [-1, 2, 0, 0, 0], [1, 0.5, 0, 0, 0]])
def test_probabilities_of_version_1_that_are_none_are_an_error(
    row: list[float], tmp_path: Path
) -> None:
    path = tmp_path / "record.json"
    old = with_probabilities(np.array([row], np.float16))
    path.write_text(json.dumps(old))
    name = old["predictions"][0]["utterances"].split()[0]
    with pytest.raises(RecordError, match=f"not >= 0 with a sum of 1: {name}"):
        Record.read(path)


def test_a_record_of_a_newer_schema_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text(json.dumps(json.loads(OF_VERSION_1.read_text()) | {"schema_version": 4}))
    with pytest.raises(RecordError, match="it is of schema 4\nUpdate xlser"):
        Record.read(path)


def test_reading_and_validating_need_no_torch() -> None:
    script = f"""
import sys
sys.modules["torch"] = None
from pathlib import Path
from xlser.records import Record, predictions
from xlser.records.store import read_runs
from xlser.records.validate import validate
path = Path({str(OF_VERSION_1)!r})
print(len(predictions(Record.read(path))), len(read_runs(path.parent)), validate([path]).records)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1:] == ["1", "1"]


def test_an_optional_field_changes_neither_key_nor_file(tmp_path: Path) -> None:
    class Later(Record):
        remark: str | None = None
        """Of a later version."""

    content = Record.read(OF_VERSION_1).to_json()
    later = Later.of_json(content)
    assert later.to_json() == content
    assert digest_json(identity(later)) == digest_json(identity(Record.of_json(content)))
    said = Later.of_json(content.replace(b'"seed": ', b'"remark": "x",\n "seed": '))
    assert b'"remark": "x"' in said.to_json()
    assert digest_json(identity(said)) == digest_json(identity(later))
