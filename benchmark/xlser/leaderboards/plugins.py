"""What other packages add to pages: entry points of the group `xlser.pages` (docs/pages.md)."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Concatenate

from xlser.errors import PluginError
from xlser.leaderboards.model import Block, Column, Section
from xlser.registry import load, names, package_of
from xlser.results import Results, Row, Table

ResultsOf = Callable[[str], Results]
"""Gives the results of a protocol by its name; the records of each are read once."""

MakeBlocks = Callable[Concatenate[ResultsOf, ...], Sequence[Block]]
"""Makes what stands between the marks of a block of `leaderboards/README.md`.

Its arguments are `ResultsOf` and the words of the mark that follow the block's name.
"""


class PagePlugin:
    """Sections, columns and blocks that a package adds to pages; all are optional.

    Attributes:
        name: that of the entry point.
        protocols: names of the protocols whose pages are added to; None for all.
    """

    name: ClassVar[str]
    protocols: ClassVar[tuple[str, ...] | None] = None

    def introduction(self, results: Results) -> Sequence[Block]:
        """Return what follows the introduction of a page."""
        return ()

    def sections(self, results: Results, results_of: ResultsOf) -> Sequence[Section]:
        """Return what stands above the tables of the targets.

        Args:
            results: of the page's protocol.
            results_of: gives the results of another protocol.
        """
        return ()

    def columns(self, results: Results, table: Table, rows: Sequence[Row]) -> Sequence[Column]:
        """Return columns to the right of a table.

        Args:
            results: of the page's protocol.
            table: of a target and a condition.
            rows: those shown together, of one label budget.
        """
        return ()

    def blocks(self) -> Mapping[str, MakeBlocks]:
        """Return what may stand between marks in `leaderboards/README.md`.

        Keys are the words of the mark: the block's name, then a word in capitals for each
        argument ("claims PROTOCOL CONDITION").
        """
        return {}


def page_plugins(protocol: str | None = None) -> list[PagePlugin]:
    """Return the installed plugins, sorted by name.

    Args:
        protocol: only those that add to the page of this protocol; None for all.

    Raises:
        PluginError: one cannot be imported or is no `PagePlugin`.
    """
    plugins = [load("xlser.pages", name, PagePlugin)() for name in names("xlser.pages")]
    return [
        plugin
        for plugin in plugins
        if protocol is None or plugin.protocols is None or protocol in plugin.protocols
    ]


def added_sections(results: Results, results_of: ResultsOf) -> list[Section]:
    """Return the sections that plugins add to the page of a protocol.

    Args:
        results: of the protocol.
        results_of: gives the results of another one.

    Raises:
        PluginError: a plugin cannot be imported or is no `PagePlugin`.
    """
    plugins = page_plugins(results.protocol.name)
    return [section for plugin in plugins for section in plugin.sections(results, results_of)]


def all_blocks(own: Mapping[str, MakeBlocks]) -> dict[str, MakeBlocks]:
    """Return the suite's blocks and those of plugins, by the words of their marks.

    Raises:
        PluginError: two are called the same.
    """
    found = dict(own)
    for plugin in page_plugins():
        taken = {words.split()[0] for words in found}
        for words, make in plugin.blocks().items():
            if words.split()[0] in taken:
                raise PluginError(
                    f"The block {words.split()[0]!r} of {package_of('xlser.pages', plugin.name)} "
                    "exists already.",
                    "Rename it in that package, or uninstall the package.",
                )
            found[words] = make
    return found
