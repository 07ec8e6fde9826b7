from pathlib import Path

import pytest

from xlser.protocols import get_protocol
from xlser.site import Leaderboards

_COMMITTED = Path(__file__).parents[2] / "leaderboards"
_PROTOCOLS = sorted(path.parent.name for path in _COMMITTED.glob("*/results"))


def pages_and_figures(folder: Path) -> dict[str, bytes]:
    files = [
        folder / "README.md",
        *folder.glob("encoders.json"),
        *folder.glob("index.html"),
        *folder.glob("figures/*"),
        *(
            path
            for kind in ("conditions", "details", "languages")
            for path in folder.glob(f"{kind}/*")
        ),
    ]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("name", [name for name in _PROTOCOLS if name != "demo"])
def test_committed_pages_and_figures_follow_from_committed_records_byte_for_byte(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "docs").symlink_to(_COMMITTED.parent / "docs")  # pages link to it
    folder = tmp_path / "leaderboards"
    for protocol in _PROTOCOLS:  # a page may read the records of another protocol, too
        (folder / protocol).mkdir(parents=True)
        (folder / protocol / "results").symlink_to(_COMMITTED / protocol / "results")
    html = (_COMMITTED / name / "index.html").exists()
    Leaderboards(folder).write(get_protocol(name), html=html)
    assert pages_and_figures(folder / name) == pages_and_figures(_COMMITTED / name)


def test_the_tables_of_the_paper_and_of_the_ranking_are_committed() -> None:
    assert {"agarla2022", "v1"} <= set(_PROTOCOLS)


def test_pages_to_explore_are_small() -> None:
    sizes = {path.parent.name: path.stat().st_size for path in _COMMITTED.glob("*/index.html")}
    assert {"agarla2022", "v1"} <= set(sizes)
    assert max(sizes.values()) < 1_000_000


def test_the_figures_of_what_we_learned_follow_from_committed_records_byte_for_byte(
    tmp_path: Path,
) -> None:
    for protocol in _PROTOCOLS:
        (tmp_path / protocol).mkdir()
        (tmp_path / protocol / "results").symlink_to(_COMMITTED / protocol / "results")
    (tmp_path / "README.md").write_bytes((_COMMITTED / "README.md").read_bytes())
    Leaderboards(tmp_path).write_readme(_PROTOCOLS)
    assert pages_and_figures(tmp_path) == pages_and_figures(_COMMITTED)
