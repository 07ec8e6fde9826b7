from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from tests.leaderboards.made import over_seeds, results, write

from xlser.leaderboards.model import (
    Code,
    Column,
    Details,
    Link,
    Paragraph,
    Strong,
    TableModel,
    file_name,
)
from xlser.leaderboards.rendering import blocks_as_markdown, page_as_markdown
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.site import Leaderboards
from xlser.site.pages.details import details_page
from xlser.site.pages.protocol import protocol_page
from xlser.site.view import LeaderboardView

V1 = get_protocol("v1")
HARMLESS = "harmless"
STRANGE = (
    "a|b",
    "<img src=x onerror=alert(1)>",
    "</details><script>alert(1)</script>",
    "<!-- end -->",
    "a\nb",
    "a\r\n\r\n## Heading\n",
    "a\u2028# b",
    "# Heading",
    "a #",
    "`code`",
    "``",
    "**strong** *emphasis* __strong__ _emphasis_ ~~struck~~",
    "[link](http://example.org)",
    "![picture](http://example.org/a.png)",
    "<http://example.org>",
    "&lt;b&gt; &#35;",
    "$x_1$",
    "back\\slash\\",
    "\x1b[31mred\x00",
    "snake_case",
)


def records(template: Record, field: str, value: str) -> list[Record]:
    """Records with `value` in a field that a stranger fills, and one whose field is usual."""
    changed = {"settings": {"x": value}, "changed": ("x",)}
    changes: dict[str, dict[str, Any]] = {
        "method": {"method": {"name": value}},
        "package": {"method": {"package": value}},
        "hyper-parameter": {"method": changed},
        "name of a hyper-parameter": {"method": {"settings": {value: 1}, "changed": (value,)}},
        "excluded": {"excluded": {"emodb": (value,)}},
        "backbone": {"backbone": template.backbone.model_copy(update={"name": value})},
        "weights": {"backbone": template.backbone.model_copy(update={"weights": value})},
        "absent corpus": {"absent_corpora": (value,)},
        "source corpus": {"source_corpora": (value,), "absent_corpora": ("savee",)},
        "processor": {"environment": template.environment.model_copy(update={"processor": value})},
        "commit": {"environment": template.environment.model_copy(update={"git": {"a": value}})},
        "code": {"method": {"packaged_code": value}},
        "corpus of other recordings": {"corpora": {value: "ab" * 32}},
        "device": {"environment": template.environment.model_copy(update={"device": value})},
    }
    return over_seeds(template, V1, {0: 7, 1: 6, 2: 8}, **changes[field])


FIELDS = (
    "method",
    "hyper-parameter",
    "name of a hyper-parameter",
    "excluded",
    "backbone",
    "weights",
    "absent corpus",
    "source corpus",
    "processor",
    "package",
    "commit",
    "code",
    "corpus of other recordings",
    "device",
)


def structure(markdown: str) -> list[Any]:
    """The elements of a page, without its text."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return [
        (token.type, token.tag, [child.type for child in token.children or () if _is_markup(child)])
        for token in parser.parse(markdown)
    ]


def _is_markup(token: Any) -> bool:
    return token.type not in ("text", "text_special")


def pages(made: list[Record]) -> str:
    found = results(V1, made)
    page = protocol_page(found)
    details = [details_page(found, table, drawn=False) for table in found.tables()]
    return "\n".join(map(page_as_markdown, [page, *details]))


@pytest.mark.parametrize("field", FIELDS)
def test_text_of_records_is_text_on_pages(field: str, template: Record) -> None:
    expected = structure(pages(records(template, field, HARMLESS)))
    for strange in STRANGE:
        assert structure(pages(records(template, field, strange))) == expected, strange


@pytest.mark.parametrize("field", FIELDS)
def test_text_of_records_is_text_in_notebooks(field: str, template: Record) -> None:
    expected = tags(LeaderboardView(results(V1, records(template, field, HARMLESS))))
    for strange in STRANGE:
        view = LeaderboardView(results(V1, records(template, field, strange)))
        assert tags(view) == expected, strange


def tags(view: LeaderboardView) -> list[Any]:
    found: list[Any] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[Any]) -> None:
            found.append((tag, attrs))

        def handle_comment(self, data: str) -> None:
            found.append(("comment", data))

    Parser().feed(view._repr_html_())
    return found


def test_strange_names_stay_in_their_folder_and_are_drawn(template: Record, tmp_path: Path) -> None:
    made = []
    for target in ("german", "italian"):
        for name in ("../../outside", "$\\frac{", "a\nb", "x" * 5000):
            backbone = template.backbone.model_copy(update={"name": name})
            made += over_seeds(
                template, V1, 7, target=target, method={"name": name}, backbone=backbone
            )
    folder = tmp_path / "a" / "leaderboards"
    write(made, folder)
    page = Leaderboards(folder).write(V1).page
    assert {path.name for path in tmp_path.iterdir()} == {"a"}
    assert {path.name for path in folder.iterdir()} == {"v1"}
    assert {path.name for path in page.parent.iterdir()} == {
        *("README.md", "conditions", "details", "figures", "languages", "results")
    }
    pages = [page, *page.parent.glob("*/*.md")]
    assert len(pages) == 1 + 4 + 2 + 8  # conditions, languages, details
    for each in pages:
        links = [part.partition(")")[0] for part in each.read_text("utf-8").split("](")[1:]]
        beside = [link for link in links if not link.startswith(("../../docs/", "#"))]
        assert beside
        assert all((each.parent / link).is_file() for link in beside)
    picture = next((page.parent / "figures").glob("summary-*frac*.svg")).read_text("utf-8")
    assert ">$\\frac{<" in picture


def test_a_file_name_keeps_what_is_usual_and_tells_others_apart() -> None:
    assert file_name("german-frozen-audiontt-512_a.b") == "german-frozen-audiontt-512_a.b"
    strange = {file_name(name) for name in ("a/b", "a b", "a\\b", "../a", "..", "")}
    assert len(strange) == 6
    assert not any(set(name) & set("/\\ ") or name.startswith(".") for name in strange)
    assert len(file_name("x" * 5000)) < 220


def test_pieces_of_text_are_markup_and_their_content_is_escaped() -> None:
    text = (
        "a ",
        Strong("b*"),
        " ",
        Code("c`|"),
        " ",
        Link("d]", "e (f).md"),
        ".",
    )
    assert blocks_as_markdown([Paragraph(text)]) == ("a **b\\*** ``c`\\|`` [d\\]](e%20%28f%29.md).")


@pytest.mark.parametrize("start", ["1. a", "- a", "+ a", "> a", "# a", "[a]: b", "=== a", "12) a"])
def test_a_paragraph_begins_nothing_else(start: str) -> None:
    markdown = blocks_as_markdown([Paragraph("before"), Paragraph(start)])
    assert [kind for kind, *_ in structure(markdown)] == [
        *("paragraph_open", "inline", "paragraph_close") * 2
    ]


def test_a_table_has_one_line_a_row_and_a_folded_one_is_not_padded() -> None:
    columns = [Column("a", ["1", "22"], "left"), Column("bbbb", ["x", ""])]
    assert blocks_as_markdown([TableModel(columns)]).splitlines() == [
        "| a   |   bbbb |",
        "|:----|-------:|",
        "| 1   |      x |",
        "| 22  |        |",
    ]
    folded = Details("more < less", [TableModel(columns, padded=False)])
    assert blocks_as_markdown([folded]).splitlines() == [
        "<details><summary>more &lt; less</summary>",
        "",
        "| a | bbbb |",
        "| :-- | --: |",
        "| 1 | x |",
        "| 22 |  |",
        "",
        "</details>",
    ]
