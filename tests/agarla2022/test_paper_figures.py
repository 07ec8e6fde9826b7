from pathlib import Path

from tests.leaderboards.made import write
from tests.leaderboards.test_figures import drawn, paper_records, texts

from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.site import write_leaderboard


def test_figures_2_and_3_draw_the_records_and_count_them(template: Record, tmp_path: Path) -> None:
    paper = get_protocol("agarla2022")
    write(paper_records(template, paper, right=7), tmp_path)
    write_leaderboard(paper, tmp_path)
    first = drawn(tmp_path / paper.name)
    write(paper_records(template, paper, right=3), tmp_path)
    write_leaderboard(paper, tmp_path)
    second = drawn(tmp_path / paper.name)
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {
        f"{name}-frozen-logmel-functionals.svg"
        for name in ("figure-2", "figure-3", "confusions-german")
    }
    words = texts(first["figure-2-frozen-logmel-functionals.svg"])
    assert {"German, tested on German", "German, tested on English"} <= {*words}
    assert not [word for word in words if "Italian" in word]  # of which there is no record
    assert {"hard", "lower bound", "lacks seeds"} <= {*words}
    assert not {"soft", "upper bound"} & {*words}
    assert "2 of 12 cells have records" in texts(first["figure-3-frozen-logmel-functionals.svg"])
