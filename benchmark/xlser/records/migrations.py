"""The record's schema over time: older forms are read as the newest, and it is published.

`python -m xlser.records.migrations` prints the JSON Schema, which is `docs/record.schema.json`.
"""

import json
from collections.abc import Callable
from typing import Any

from pydantic_core import from_json

_Raw = dict[str, Any]


def _from_1(raw: _Raw) -> _Raw:
    """Add what version 2 states of a run: its repeat, isolation, peak memory and git commits.

    The first records of version 1 do not state which settings were changed, for none was.
    """
    return {
        **raw,
        "schema_version": 2,
        "method": {"changed": [], **raw["method"]},
        "repeat": 0,
        "isolated": False,
        "peak_memory": {},
        "environment": {**raw["environment"], "git": {}},
    }


_STEPS: dict[int, Callable[[_Raw], _Raw]] = {1: _from_1}
"""What makes a record of the version that follows of one of this version."""


def upgraded(content: bytes) -> bytes | None:
    """Return a record of an older schema in the newest form, as JSON; None if it is none.

    What it holds is not looked at any further than the change of form needs.
    """
    try:
        raw = from_json(content)
        version = raw["schema_version"]
        if version not in _STEPS:
            return None
        while version in _STEPS:
            raw = _STEPS[version](raw)
            version = raw["schema_version"]
        return json.dumps(raw).encode()
    except (ValueError, KeyError, TypeError):
        return None


def json_schema() -> str:
    """Return the JSON Schema of a record as it is written."""
    from xlser.records.record import Record

    return json.dumps(Record.model_json_schema(mode="serialization"), indent=1) + "\n"


if __name__ == "__main__":
    print(json_schema(), end="")
