"""Links on pages lead to files, in a checkout and in any other folder."""

import re
from pathlib import Path

import pytest
from tests.leaderboards.made import over_seeds, write

from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.site import write_leaderboard

AGARLA = get_protocol("agarla2022")


@pytest.mark.parametrize("beside_docs", [False, True])
def test_each_link_of_a_page_leads_to_a_file(
    beside_docs: bool, template: Record, tmp_path: Path
) -> None:
    if beside_docs:
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "statistics.md").touch()
    write(over_seeds(template, AGARLA, 7, target="german"), tmp_path / "leaderboards")
    page = write_leaderboard(AGARLA, tmp_path / "leaderboards").page
    pages = [page, *page.parent.glob("*/*.md")]
    links = [
        (path.parent, target)
        for path in pages
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text())
        if not target.startswith("https:")
    ]
    assert len(links) >= 2
    assert [target for folder, target in links if not (folder / target).exists()] == []
    assert beside_docs == ("../../docs/statistics.md" in page.read_text())
