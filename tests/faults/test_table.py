"""`docs/faults.md` names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"\[(test_\w+)\]\(\.\./(tests/[\w/]+\.py)\)")


def test_every_fault_of_the_table_has_a_test() -> None:
    table = (ROOT / "docs" / "faults.md").read_text()
    named = ROW.findall(table)
    assert len(named) == table.count("\n| ") - table.count("\n| fault |") >= 25
    for test, file in named:
        assert f"def {test}(" in (ROOT / file).read_text(), test
