"""What a page consists of: text, tables and pictures, whatever they are rendered to.

Text is a string or a tuple of pieces. A string is always plain text, wherever it comes from: the
renderer escapes it. Emphasis, code and links are pieces of their own.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import ClassVar, Literal


@dataclass(frozen=True)
class Strong:
    """Text with strong emphasis."""

    text: str


@dataclass(frozen=True)
class Code:
    """Text as it is typed: a name, a command, a path."""

    text: str


@dataclass(frozen=True)
class Link:
    """A link.

    Attributes:
        text: what is shown.
        target: a path relative to the page, or an address.
    """

    text: str
    target: str


Inline = str | Strong | Code | Link
Text = Inline | tuple[Inline, ...]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text."""

    kind: ClassVar[str] = "paragraph"

    text: Text


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: its heading.
        cells: one per row.
        align: of heading and cells.
    """

    title: Text
    cells: Sequence[Text]
    align: Literal["left", "right"] = "right"


@dataclass(frozen=True)
class TableModel:
    """A table.

    Attributes:
        columns: all of the same length.
        padded: whether Markdown lines up the columns; a table of thousands of lines is shorter
            without.
    """

    kind: ClassVar[str] = "table"

    columns: Sequence[Column]
    padded: bool = True

    @property
    def rows(self) -> list[tuple[Text, ...]]:
        """Cells by row."""
        return list(zip(*(column.cells for column in self.columns), strict=True))


@dataclass(frozen=True)
class Picture:
    """A picture.

    Attributes:
        name: of its file, without suffix.
        alternative: text for readers who do not see it.
        svg: content of its file.
    """

    kind: ClassVar[str] = "picture"

    name: str
    alternative: str
    svg: bytes


@dataclass(frozen=True)
class Details:
    """Blocks that a reader unfolds.

    Attributes:
        summary: what is shown while they are folded.
        blocks: what is folded.
    """

    kind: ClassVar[str] = "details"

    summary: str
    blocks: Sequence["Block"]


Block = Paragraph | TableModel | Picture | Details


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it.

    Attributes:
        title: the heading.
        blocks: what stands directly below it.
        sections: what follows under headings of the next level.
    """

    title: Text
    blocks: Sequence[Block] = ()
    sections: Sequence["Section"] = ()


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        title: its heading.
        blocks: what stands above the first section.
        sections: the rest.
        root: path from the page to the folder of its leaderboard, empty or ending in "/".
    """

    title: Text
    blocks: Sequence[Block] = ()
    sections: Sequence[Section] = field(default_factory=tuple)
    root: str = ""

    @property
    def pictures(self) -> list[Picture]:
        """All pictures, in the order of the page."""
        return [*pictures_of(self.blocks), *(p for s in self.sections for p in _pictures_in(s))]


def pictures_of(blocks: Sequence[Block]) -> Iterator[Picture]:
    """Yield the pictures among blocks, unfolded or not."""
    for block in blocks:
        if isinstance(block, Picture):
            yield block
        elif isinstance(block, Details):
            yield from pictures_of(block.blocks)


def _pictures_in(section: Section) -> Iterator[Picture]:
    yield from pictures_of(section.blocks)
    for below in section.sections:
        yield from _pictures_in(below)


def file_name(text: str) -> str:
    """Return `text` as the name of a file, which neither leaves its folder nor breaks a link.

    What consists of letters, digits, ".", "-" and "_" stays as it is; other names differ by a
    digest.
    """
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", text)[:200].lstrip(".")
    return safe if safe == text else f"{safe}-{sha256(text.encode()).hexdigest()[:6]}"


def plain(text: str, longest: int = 300) -> str:
    """Return `text` as one line of printable characters, cut to `longest`."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
