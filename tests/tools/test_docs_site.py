"""What the docs site consists of; `tox -e docs` builds it and fails on links that lead nowhere."""

import re
from pathlib import Path

from tests.tools.cards import corpus_cards, method_cards
from tests.tools.docs_site import NAV, REFERENCE, ROOT, copy_pages, public_names, reference

from xlser.corpora import corpus_names
from xlser.methods import method_names


def paths(nav: object) -> list[str]:
    return [p for of in nav.values() for p in paths(of)] if isinstance(nav, dict) else [str(nav)]


def test_every_page_of_the_docs_has_a_place_in_the_navigation() -> None:
    docs = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")}
    assert docs <= set(paths(NAV))


def test_every_method_and_corpus_has_a_card() -> None:
    methods, corpora = method_cards(), corpus_cards()
    assert set(methods) == {*method_names(), "index"}
    assert set(corpora) == {*corpus_names(), "index"}
    assert "| `tau`" in methods["fixmatch"]
    assert "Reconstructed from its abstract" in methods["fluda"]
    (speaker,) = re.findall(r"\n\| 03 .*", corpora["emodb"])
    assert [cell.strip() for cell in speaker.strip().strip("|").split("|")] == [
        "03", "14", "4", "7", "11", "7", "5", "1", "49",
    ]  # fmt: skip


def test_the_reference_lists_every_public_name() -> None:
    text = dict(reference())
    for page, modules in REFERENCE.items():
        for module in modules:
            assert public_names(module)
            for name in public_names(module):
                assert f"::: {module}.{name}\n" in text[page]


def test_links_to_source_code_become_paths_and_others_hold(tmp_path: Path) -> None:
    copy_pages(tmp_path)
    pages = list(tmp_path.rglob("*.md"))
    assert len(pages) > 50
    for page in pages:
        for target in re.findall(r"\]\(([^)\s#]+)", page.read_text("utf-8")):
            if not re.match(r"[a-z]+:", target):
                assert (page.parent / target).is_file(), (page, target)
    trust = (tmp_path / "docs/trust.md").read_text("utf-8")
    assert "test_sealing.py (`tests/runs/test_sealing.py`)" in trust
