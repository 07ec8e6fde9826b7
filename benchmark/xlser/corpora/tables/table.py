"""A corpus whose utterances a table lists."""

import posixpath
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING

from xlser.corpora.corpus import Corpus, Gender, Naturalness, Spoken, require
from xlser.corpora.emotions import SYNONYMS, VOCABULARY, term
from xlser.corpora.names import is_audio
from xlser.corpora.tables.reading import as_text, named_columns, read_table
from xlser.errors import TableError

if TYPE_CHECKING:
    import pandas as pd

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_GENDERS: Mapping[str, Gender] = {
    **dict.fromkeys(("female", "f", "woman", "w"), "female"),
    **dict.fromkeys(("male", "m", "man"), "male"),
    **dict.fromkeys(("", "unknown", "u", "other", "x", "nan", "none"), "unknown"),
}
_TERMS = f"{', '.join(VOCABULARY[:9])}, ... (xlser.corpora.VOCABULARY)"
_NO_VALUE = frozenset({"", "nan", "none", "null", "<na>", "n/a"})


class TableCorpus(Corpus):
    """A corpus from a table: one row a recording, with path, speaker and emotion.

    Where known it also has language, gender, sentence and split. The name of an utterance is its
    path in the table without the ending. All rows are checked; files are looked for by `scan`.

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
        own = {label.strip().casefold(): of for label, of in (labels or {}).items()}
        utterances = _checked(frame, own, {label.strip().casefold() for label in drop}, self.source)
        self._spoken, self._paths, self.rows, self.dropped, self.speakers = utterances
        self._names = {_key(path): name for name, path in self._paths.items()}

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
        return self._names.get(_key(path.as_posix()), path.as_posix())

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
        problems = _Problems(self.source)
        for name, path in self._paths.items():
            if _as_written(self.folder, path) is None:
                text = f"there is no file {path!r} in {self.folder}"
                problems.add(
                    self.rows[name], "path", text, "Name the folder of the paths: --folder."
                )
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
        if wanted not in values:
            raise TableError(
                f"{self.source} has utterances in {', '.join(values)}"
                + (f", none in {wanted}." if wanted else "."),
                "Name one of them (--language), and make one corpus a language.",
            )
        return frame[stated == wanted], wanted


class _Problems:
    """Problems of single rows, raised together."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lines: list[str] = []
        self._remedies: dict[str, None] = {}

    def add(self, row: int, column: str, text: str, remedy: str) -> None:
        self._lines.append(f"{self._source}, row {row}, column {column!r}: {text}")
        self._remedies[remedy] = None

    def raise_any(self) -> None:
        if not self._lines:
            return
        more = [f"... and {len(self._lines) - 5} more"] if len(self._lines) > 5 else []
        lines = "\n  ".join([*self._lines[:5], *more])
        problem = lines if len(self._lines) == 1 else f"{len(self._lines)} problems:\n  {lines}"
        raise TableError(problem, " ".join(self._remedies))


def _checked(
    frame: "pd.DataFrame", labels: Mapping[str, str], drop: set[str], source: str
) -> tuple[dict[str, Spoken], dict[str, str], dict[str, int], dict[str, int], dict[str, Gender]]:
    """Return metadata, path and row by utterance name, rows dropped by label, gender by speaker."""
    problems = _Problems(source)
    spoken: dict[str, Spoken] = {}
    paths: dict[str, str] = {}
    rows: dict[str, int] = {}
    dropped: dict[str, int] = {}
    genders: dict[str, Gender] = {}
    seen: dict[str, int] = {}
    unmapped: dict[str, list[int]] = {}
    _check_terms(labels)
    for row, cells in zip(frame.index, frame.to_dict("records"), strict=True):
        values = {str(column): unicodedata.normalize("NFC", v) for column, v in cells.items()}
        path = _path(row, values["path"], seen, problems)
        label = values["emotion"].casefold()
        if label in drop:
            dropped[values["emotion"]] = dropped.get(values["emotion"], 0) + 1
            continue
        emotion = term(label, labels)
        if label in _NO_VALUE:
            problems.add(row, "emotion", "empty", "Fill in the emotion, or remove the row.")
        elif emotion is None:
            unmapped.setdefault(values["emotion"], []).append(row)
        if values["speaker"].casefold() in _NO_VALUE:
            problems.add(row, "speaker", "empty", "Speakers must be known: splits are by speaker.")
        gender = _gender(row, values.get("gender", ""), problems)
        genders[values["speaker"]] = _agreed(genders.get(values["speaker"]), gender)
        if path and emotion:
            name = str(PurePosixPath(path).with_suffix(""))
            if name in paths:
                text = f"{path!r} differs from row {rows[name]} in its ending alone"
                problems.add(row, "path", text, "Keep one of them.")
            sentence, split = values.get("sentence", ""), values.get("split", "")
            spoken[name] = Spoken(values["speaker"], emotion, sentence, split)
            paths[name], rows[name] = path, row
    for label, of in unmapped.items():
        more = f" (and {len(of) - 1} more rows)" if len(of) > 1 else ""
        near = get_close_matches(label.casefold(), [*VOCABULARY, *SYNONYMS], n=1)
        hint = f"; nearest: {term(near[0])}" if near else ""
        remedy = (
            "Map labels to terms (--map LABEL=anger), keep one as a term of its own "
            "(--map LABEL=LABEL) or leave its rows out (--drop LABEL). "
            f"Terms: {_TERMS}."
        )
        problems.add(of[0], "emotion", f"{label!r} is not mapped{more}{hint}", remedy)
    problems.raise_any()
    if not spoken:
        raise TableError(f"{source} lists no utterance.", "Write a row an utterance.")
    return spoken, paths, rows, dropped, genders


def _check_terms(labels: Mapping[str, str]) -> None:
    for label, of in labels.items():
        if of not in VOCABULARY and of != label:
            near = get_close_matches(of, VOCABULARY, n=1)
            raise TableError(
                f"The label {label!r} is mapped to {of!r}, which is no term for an emotion.",
                (f"Did you mean {near[0]!r}? " if near else "")
                + f"Terms: {_TERMS}; a label mapped to itself becomes one.",
            )


def _path(row: int, written: str, seen: dict[str, int], problems: _Problems) -> str | None:
    """Return a row's path, normalised, or None where it cannot be used."""
    path = posixpath.normpath(written.replace("\\", "/")) if written else ""
    if path.casefold() in _NO_VALUE:
        problems.add(row, "path", "empty", "Fill in the path, or remove the row.")
    elif path.startswith("/") or re.match(r"[A-Za-z]:", path):
        remedy = "Write paths relative to one folder, and name it: --folder."
        problems.add(row, "path", f"{written!r} is absolute", remedy)
    elif path.split("/")[0] == "..":
        remedy = "Name a folder that holds all recordings: --folder."
        problems.add(row, "path", f"{written!r} leads out of the folder", remedy)
    elif not is_audio(PurePosixPath(path)):
        remedy = "Convert recordings to WAV or FLAC."
        problems.add(row, "path", f"{written!r} does not end like a recording", remedy)
    elif _key(path) in seen:
        text = f"{written!r} is listed in row {seen[_key(path)]} already"
        problems.add(row, "path", text, "List each recording once, with one emotion.")
    else:
        seen[_key(path)] = row
        return path
    return None


def _gender(row: int, written: str, problems: _Problems) -> Gender:
    gender = _GENDERS.get(written.casefold())
    if gender is None:
        remedy = "Write female, male or unknown."
        problems.add(row, "gender", f"{written!r} is not understood", remedy)
    return gender or "unknown"


def _agreed(before: Gender | None, now: Gender) -> Gender:
    """Return the gender of a speaker of several rows: unknown where they differ."""
    return now if before in (None, now) else "unknown"


def _key(path: str) -> str:
    """Return what identifies a path on systems that differ in Unicode form and case of endings."""
    pure = PurePosixPath(unicodedata.normalize("NFC", path))
    return str(pure.with_suffix(pure.suffix.lower()))


def _as_written(root: Path, listed: str) -> Path | None:
    """Return the file that a table lists, or None: in either Unicode form, .wav or .WAV alike."""
    for form in (listed, unicodedata.normalize("NFD", listed)):
        path = root / form
        for suffix in (path.suffix, path.suffix.lower(), path.suffix.upper()):
            if path.with_suffix(suffix).exists():
                return path.with_suffix(suffix)
    return None
