"""Pages as Markdown and HTML, by the templates beside this module.

Whatever a template prints passes through `_markdown` or `_html`, which escape it: text comes from
records that strangers make, and must neither break a table nor carry markup.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from html import escape as escape_html
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from tabulate import tabulate

from xlser.leaderboards.model import (
    Block,
    Code,
    Link,
    Page,
    Section,
    Strong,
    TableModel,
    Text,
    plain,
)

_LONGEST = 2000  # characters of one piece of text; what is longer is not meant to be read
_SPECIAL = re.compile(
    r"[\\`*~|$#]"  # escapes, code, emphasis, strikethrough, cells, formulae, headings
    r"|(?<![^\W_])_|_(?![^\W_])"  # emphasis, but not within a word
    r"|\](?=\()"  # the end of a link's text
)
_TAG = re.compile(r"<|&(?=#?\w+;)")  # HTML: tags and entities
_ENTITIES = {"<": "&lt;", "&": "&amp;"}
_START = re.compile(r"^(?:[>\[]|[-+=](?=\s|$|[-=])|\d{1,9}(?=[.)](?:\s|$)))")


def page_as_markdown(page: Page) -> str:
    """Return a page as Markdown (GitHub's)."""
    return _environment().get_template("page.md.j2").render(page=page)


def blocks_as_markdown(blocks: Sequence[Block]) -> str:
    """Return blocks as Markdown, without an empty line before or after."""
    macros: Any = _environment().get_template("blocks.md.j2").module
    return str(macros.blocks(blocks, "")).strip("\n")


def sections_as_markdown(sections: Sequence[Section]) -> str:
    """Return sections as Markdown, their headings on level 2."""
    macros: Any = _environment().get_template("blocks.md.j2").module
    return "".join(str(macros.section(s, 2, "")) for s in sections).strip("\n") + "\n"


def sections_as_html(sections: Sequence[Section]) -> str:
    """Return sections as a piece of HTML, without pictures, their headings on level 2."""
    return _environment("html").get_template("sections.html.j2").render(sections=sections)


def as_text(text: Text) -> str:
    """Return text without emphasis and links."""
    pieces = text if isinstance(text, tuple) else (text,)
    return "".join(piece if isinstance(piece, str) else piece.text for piece in pieces)


@cache
def _environment(form: str = "markdown") -> Environment:
    """Return jinja2's environment.

    With autoescape on, macros give `Markup`, which `finalize` leaves as it is; all else that a
    template prints is escaped here.
    """
    environment = Environment(
        loader=PackageLoader("xlser.leaderboards"),
        autoescape=True,
        finalize=_markdown if form == "markdown" else _html,
        keep_trailing_newline=True,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    filters: dict[str, Callable[[Any], Markup]] = {
        "address": lambda target: Markup(_address(target)),
        "html": lambda text: Markup(escape_html(plain(text))),  # inside a tag, also in Markdown
        "paragraph": _paragraph,
        "table": _table,
    }
    environment.filters.update(filters)
    return environment


def _markdown(text: Any) -> Markup:
    """Return text as inline Markdown in one line, with all that might be markup escaped."""
    match text:
        case Markup():
            return text
        case tuple():
            return Markup("").join(map(_markdown, text))
        case Strong():
            return Markup(f"**{_escape(text.text)}**")
        case Code():
            return Markup(_code(text.text))
        case Link():
            shown = re.sub(r"(?<!\\)[\[\]]", r"\\\g<0>", _escape(text.text))
            return Markup(f"[{shown}]({_address(text.target)})")
    return Markup(_escape(str(text)))


def _escape(text: str) -> str:
    # Spaces at both ends join pieces of a text.
    before, after = " " * text.startswith(" "), " " * (text.endswith(" ") and text != " ")
    line = _SPECIAL.sub(r"\\\g<0>", plain(text, _LONGEST))
    return before + _TAG.sub(lambda tag: _ENTITIES[tag[0]], line) + after


def _code(text: str) -> str:
    """Return a code span, in more backticks than the text has in a row."""
    line = plain(text, _LONGEST).replace("|", "\\|")
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def _address(target: str) -> str:
    return re.sub(r"[\s()<>|\\]", lambda c: f"%{ord(c[0]):02X}", target)


def _paragraph(text: Any) -> Markup:
    """Return text as a paragraph, whose first characters begin no list, quote or definition."""
    line = _markdown(text)
    if isinstance(text, tuple) and not isinstance(text[0], str):
        return line  # begins with a link, code or emphasis
    return Markup(_START.sub(lambda start: _escaped_start(start[0]), line))


def _escaped_start(start: str) -> str:
    return f"{start}\\" if start.isdecimal() else f"\\{start}"


def _table(table: TableModel) -> Markup:
    titles = [_markdown(column.title) for column in table.columns]
    rows = [[_markdown(cell) for cell in row] for row in table.rows]
    align = [column.align for column in table.columns]
    if table.padded:
        return Markup(tabulate(rows, titles, "pipe", disable_numparse=True, colalign=align))
    rules = [Markup(":--" if side == "left" else "--:") for side in align]
    lines = [Markup(" | ").join(cells) for cells in (titles, rules, *rows)]
    return Markup("\n").join(Markup("| {} |").format(line) for line in lines)


def _html(text: Any) -> Markup:
    """Return text as inline HTML."""
    match text:
        case Markup():
            return text
        case tuple():
            return Markup("").join(map(_html, text))
        case Strong():
            return Markup("<strong>{}</strong>").format(text.text)
        case Code():
            return Markup("<code>{}</code>").format(text.text)
        case Link():
            return Markup('<a href="{}">{}</a>').format(text.target, text.text)
    return Markup(escape_html(str(text)))
