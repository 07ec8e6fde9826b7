"""The JSON Schema of a record: `python -m xlser.records.schema` prints docs/record.schema.json."""

import json

from xlser.records.record import Record


def json_schema() -> str:
    """Return the JSON Schema of a record as it is written."""
    return json.dumps(Record.model_json_schema(mode="serialization"), indent=1) + "\n"


if __name__ == "__main__":
    print(json_schema(), end="")
