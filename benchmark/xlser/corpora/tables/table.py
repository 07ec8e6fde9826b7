"""A corpus whose utterances a table lists."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from xlser.corpora.corpus import Corpus, Naturalness, Spoken, require, visible
from xlser.corpora.names import is_audio
from xlser.corpora.tables.reading import as_text, named_columns, plain, read_table
from xlser.corpora.tables.rows import Problems, checked_rows, path_key
from xlser.errors import TableError

if TYPE_CHECKING:
    import pandas as pd

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


class TableCorpus(Corpus):
    """A corpus from a table: one row per recording, with path, speaker and emotion.

    Where known it also has language, gender, sentence and split. The name of an utterance is its
    path in the table without the ending, blanks replaced by "_". All rows are checked; files are
    looked for by `scan`.

    Attributes:
        folder: what paths are relative to.
        rows: utterance name -> row of the table, for messages.
        dropped: label -> number of rows left out for it.
    """

    def __init__(
        self,
        name: str,
        table: "Path | str | pd.DataFrame",
        *,
        folder: Path | str | None = None,
        language: str | None = None,
        labels: Mapping[str, str] | None = None,
        drop: Iterable[str] = (),
        columns: Mapping[str, str] | None = None,
        encoding: str | None = None,
        title: str | None = None,
        licence: str = "not stated",
        citation: str = "not stated",
        homepage: str = "not stated",
        naturalness: Naturalness = "acted",
        source: str = "the data frame",
    ) -> None:
        """Read and check a table.

        Args:
            name: of the corpus, in lower case.
            table: CSV, TSV or Parquet file, or a data frame.
            folder: what the table's paths are relative to; default: the table's folder.
            language: in lower case, English word. Where the table has a column for it, only its
                rows are taken.
            labels: label of the table -> term for the emotion, beyond `VOCABULARY` and common
                English adjectives. A label mapped to itself becomes a term of the corpus' own.
            drop: labels whose rows are left out.
            columns: "path", "speaker", ... -> the table's name for that column.
            encoding: of a text file that is not UTF-8.
            title: the name people use; default: `name`.
            licence: terms of use.
            citation: the publication that describes it.
            homepage: where it is from.
            naturalness: how the emotions came about.
            source: what messages call a data frame.

        Raises:
            TableError: the table cannot be used; the message names rows and columns.
        """
        if not _NAME.fullmatch(name):
            raise TableError(
                f"{name!r} cannot be the name of a corpus.",
                "Use lower-case letters, digits, '-', '_' and '.', for example 'my-corpus'.",
            )
        self.name, self.title, self.naturalness = name, title or name, naturalness
        self.licence, self.citation, self.homepage = licence, citation, homepage
        if isinstance(table, str | Path):
            path = Path(table)
            self.source, self.folder = str(path), Path(folder or path.parent)
            frame = read_table(path, encoding)
        else:
            if folder is None:
                raise TableError("A data frame has no folder.", "Name the `folder` of its paths.")
            self.source, self.folder, frame = source, Path(folder), as_text(table)
        self.tree = f"the files that {self.source} lists, in {self.folder}"
        frame = named_columns(frame, columns or {}, self.source)
        frame, self.language = self._of_language(frame, language)
        own = {plain(label).casefold(): of for label, of in (labels or {}).items()}
        left_out = {plain(label).casefold() for label in drop}
        read = checked_rows(frame, own, left_out, self.folder, self.source)
        self._spoken, self._paths, self.rows = read.spoken, read.paths, read.rows
        self.dropped, self.speakers = read.dropped, read.speakers
        self._names = {path_key(path): name for name, path in self._paths.items()}

    def published(self) -> Mapping[str, Spoken]:
        """Return every utterance of the table: name -> metadata."""
        return self._spoken

    def names(self) -> Iterable[str]:
        """Return the names of all utterances of the table."""
        return self._spoken

    def parse(self, name: str) -> Spoken:
        """Look up an utterance by its name."""
        require(name in self._spoken, self, name)
        return self._spoken[name]

    def name_of(self, path: PurePath) -> str:
        """Return the name under which the table lists a file."""
        return self._names.get(path_key(path.as_posix()), path.as_posix())

    def walk(self, root: Path) -> Iterator[Path]:
        """Yield the files that the table lists, as far as they are there."""
        for listed in self._paths.values():
            found = _as_written(root, listed)
            if found:
                yield found

    def own_root(self) -> Path:
        """Return the folder that the table's paths are relative to."""
        return self.folder

    def require_files(self) -> None:
        """Raise unless every file that the table lists is in its folder.

        Raises:
            TableError: some are not; the message names rows.
        """
        problems = Problems(self.source)
        absent = {n: p for n, p in self._paths.items() if _as_written(self.folder, p) is None}
        known = _by_name(self.folder) if absent else {}
        for name, path in absent.items():
            text = f"there is no file {path!r} in {self.folder}"
            remedy = "Name the folder of the paths (--folder), or remove rows without a recording."
            if near := known.get(PurePath(path).name.casefold()):
                text += f"; there is {near!r}"
                remedy = "Write paths as the files are named, or name their folder: --folder."
            problems.add(self.rows[name], "path", text, remedy)
        problems.raise_any()

    def _of_language(
        self, frame: "pd.DataFrame", language: str | None
    ) -> "tuple[pd.DataFrame, str]":
        wanted = language.strip().casefold() if language else None
        stated = frame["language"].str.casefold() if "language" in frame else None
        values = sorted(set(stated) - {""}) if stated is not None else []
        if stated is None or not values:
            if not wanted:
                raise TableError(
                    f"{self.source} states no language.",
                    "Name it (--language greek), or add a column 'language'.",
                )
            return frame, wanted
        if wanted is None and len(values) == 1:
            wanted = values[0]
        if wanted and len(values) == 1:  # whatever the table calls it
            return frame, wanted
        if wanted not in values:
            raise TableError(
                f"{self.source} has utterances in {', '.join(values)}"
                + (f", none in {wanted}." if wanted else "."),
                "Name one of them (--language), and make one corpus per language.",
            )
        return frame[stated == wanted], wanted


def _by_name(folder: Path) -> dict[str, str]:
    """Return the recordings below a folder by their names in lower case."""
    return {
        path.name.casefold(): path.relative_to(folder).as_posix()
        for path in (visible(folder) if folder.is_dir() else ())
        if is_audio(path)
    }


def _as_written(root: Path, listed: str) -> Path | None:
    """Return the file that a table lists, or None: in either Unicode form, .wav or .WAV alike."""
    for form in (listed, unicodedata.normalize("NFD", listed)):
        path = root / form
        for suffix in (path.suffix, path.suffix.lower(), path.suffix.upper()):
            if path.with_suffix(suffix).exists():
                return path.with_suffix(suffix)
    return None
