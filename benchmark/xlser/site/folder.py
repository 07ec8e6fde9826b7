"""A folder of leaderboards: records in, pages and pictures out."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from xlser.leaderboards.model import Page, Picture
from xlser.leaderboards.plugins import added_sections
from xlser.leaderboards.readme import filled
from xlser.leaderboards.rendering import page_as_markdown
from xlser.leaderboards.sections.encoders import encoders_of
from xlser.protocols import Protocol, find_protocol
from xlser.results import Results, load
from xlser.site.explorer import explorer_page
from xlser.site.pages.conditions import condition_page
from xlser.site.pages.details import details_page
from xlser.site.pages.languages import language_page
from xlser.site.pages.paths import condition_path, details_path, language_path
from xlser.site.pages.protocol import protocol_page
from xlser.system.files import write_atomically

HTML = "index.html"
"""Name of the HTML page of a protocol."""


_KINDS = ("figures/*.svg", "figures/*.png", "conditions/*.md", "details/*.md", "languages/*.md")
"""What is removed where it is no longer shown."""


class Written(NamedTuple):
    """A page as it was written.

    Attributes:
        page: its file.
        html: the HTML page, if there is one.
        results: what it shows.
    """

    page: Path
    html: Path | None
    results: Results


class Leaderboards:
    """A folder of leaderboards, of which each record is read once, when it is first needed.

    Args:
        folder: of the leaderboards; the records of a protocol are in `<protocol>/results`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._loaded: dict[str, Results] = {}

    def results(self, protocol: Protocol | str) -> Results:
        """Return the results of a protocol.

        Raises:
            UnknownNameError: there is no such protocol.
            RecordError: a record cannot be read or is of another protocol.
        """
        if isinstance(protocol, str):
            protocol = find_protocol(protocol, self.folder)
        if protocol.name not in self._loaded:
            self._loaded[protocol.name] = load(protocol, self.folder)
        return self._loaded[protocol.name]

    def write(
        self, protocol: Protocol, metrics: Collection[str] = (), *, html: bool = False
    ) -> Written:
        """Write a protocol's page, those of its conditions, languages and tables, and pictures.

        Pages of details and pictures that are no longer shown are removed. An HTML page that is
        there is written anew.

        Args:
            protocol: whose records to show.
            metrics: names of metrics that tables of languages show beside UA and accuracy.
            html: whether to write `index.html` as well, which sorts, filters and compares.

        Raises:
            UnknownNameError: no such metric.
            RecordError: a record cannot be read or does not belong there.
        """
        results, folder = self.results(protocol), self.folder / protocol.name
        names = {table.condition.backbone for table in results.tables()}
        encoders = encoders_of(protocol, names, folder)
        docs = (self.folder.absolute().parent / "docs" / "statistics.md").is_file()
        added = added_sections(results, self.results)
        html = html or (folder / HTML).exists()
        page = protocol_page(results, added, metrics, encoders, docs, HTML if html else None)
        # Confusions are drawn where the page has pictures: matplotlib takes seconds to load.
        drawn = protocol.ranks or bool(page.pictures)
        pages = {"README.md": page}
        for summary in results.summaries() if protocol.ranks else ():
            pages[condition_path(summary.condition)] = condition_page(protocol, summary, encoders)
        for table in results.tables():
            pages[details_path(table)] = details_page(results, table, drawn)
            pages[language_path(table.target)] = language_page(
                results, table.target, metrics, encoders
            )
        written = _files(pages)
        if html:
            text = explorer_page(results, added, metrics, encoders)
            written[HTML] = text.encode()
        for name, content in written.items():
            write_atomically(folder / name, content)
        for kind in _KINDS:
            for path in folder.glob(kind):
                if str(path.relative_to(folder)) not in written:
                    path.unlink()
        own = folder / HTML
        return Written(folder / "README.md", own if HTML in written else None, results)

    def html(self, protocol: Protocol) -> str:
        """Return a protocol's HTML page, as `write` writes it.

        Nothing is written but facts of encoders that `encoders.json` lacks.

        Raises:
            RecordError: a record cannot be read or does not belong there.
        """
        results = self.results(protocol)
        names = {table.condition.backbone for table in results.tables()}
        encoders = encoders_of(protocol, names, self.folder / protocol.name)
        return explorer_page(results, added_sections(results, self.results), (), encoders)

    def write_readme(self, protocols: Collection[str]) -> Path | None:
        """Write blocks of `README.md` anew; return the file, or None if there is none.

        Args:
            protocols: blocks of others stay as they are.

        Raises:
            RecordError: a block has no end, or a record cannot be read.
            UnknownNameError: a block asks for what does not exist.
        """
        path = self.folder / "README.md"
        if not path.is_file():
            return None
        text, pictures = filled(path, self.results, protocols)
        write_atomically(path, text.encode())
        for picture in pictures:
            write_atomically(self.folder / _path(picture), picture.svg)
        return path


def write_leaderboard(protocol: Protocol, leaderboards: Path) -> Written:
    """Write `<leaderboards>/<protocol>/README.md` and what belongs to it from its records.

    Raises:
        RecordError: a record cannot be read or does not belong there.
    """
    return Leaderboards(leaderboards).write(protocol)


def _files(pages: Mapping[str, Page]) -> dict[str, bytes]:
    """Return the content of all files of pages, the pictures first."""
    shown = [picture for page in pages.values() for picture in page.pictures]
    files = {_path(picture): picture.svg for picture in shown}
    return files | {name: page_as_markdown(page).encode() for name, page in pages.items()}


def _path(picture: Picture) -> str:
    return f"figures/{picture.name}.svg"
