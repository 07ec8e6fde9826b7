"""`docs/faults.md` and `docs/files.md` name tests that there are."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"\[(test_\w+)\]\(\.\./(tests/[\w/]+\.py)\)")


@pytest.mark.parametrize(("page", "head"), [("faults", "fault"), ("files", "brought")])
def test_every_row_of_the_tables_has_a_test(page: str, head: str) -> None:
    table = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    named = ROW.findall(table)
    assert len(named) == table.count("\n| ") - table.count(f"\n| {head} |") >= 25
    for test, file in named:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), test
