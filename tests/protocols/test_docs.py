"""What docs/protocols.md shows."""

import re
from pathlib import Path

import pytest

from xlser.protocols import Protocol, load_manifest

DOCS = Path(__file__).parents[2] / "docs" / "protocols.md"


def test_the_example_writes_a_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = DOCS.read_text(encoding="utf-8")
    (example,) = [
        c for c in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "freeze(\n" in c
    ]
    monkeypatch.chdir(tmp_path)
    exec(example, {})
    protocol = load_manifest(tmp_path / "small.json")
    assert protocol.targets == ("german",)
    assert [len(order) for order in protocol.labelling["emodb"]] == [25, 25, 25]


def test_a_recipe_is_frozen() -> None:
    text = DOCS.read_text(encoding="utf-8")
    (example,) = [c for c in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "Recipe(" in c]
    known: dict[str, Protocol] = {}
    exec(example, known)
    assert (known["protocol"].folds, known["protocol"].budgets) == (3, (0, 25))


def test_every_field_of_a_manifest_is_described() -> None:
    text = DOCS.read_text(encoding="utf-8")
    described = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert described == [*Protocol.model_fields, "digest"]
