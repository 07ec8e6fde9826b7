"""The record's schema: published, and older versions of it are read."""

import json
from pathlib import Path

import jsonschema
import pytest
from tests.demo import Demo, request

from xlser.errors import RecordError
from xlser.records import Record
from xlser.records.schema import json_schema

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
    assert record.schema_version == 2
    assert (record.repeat, record.isolated) == (0, False)
    assert record.rescored()["target"].ua == pytest.approx(old["scores"]["target"]["ua"], abs=1e-12)
    added: dict[str, object] = {"repeat": 0, "isolated": False, "peak_memory": {}}
    assert json.loads(record.model_dump_json()) == {
        **old,
        **added,
        "schema_version": 2,
        "method": {**old["method"], "changed": []},
        "environment": {**old["environment"], "git": {}},
    }


def test_a_record_of_version_1_that_lacks_something_is_an_error(tmp_path: Path) -> None:
    old = json.loads(OF_VERSION_1.read_text())
    for name in ("environment", "scores", "key"):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({k: v for k, v in old.items() if k != name}))
        with pytest.raises(RecordError, match="not a record"):
            Record.read(path)
