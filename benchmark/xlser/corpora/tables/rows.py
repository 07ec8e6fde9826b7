"""The rows of a table, checked: each problem with its row, column, value and remedy."""

import posixpath
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from xlser.corpora.corpus import Gender, Spoken
from xlser.corpora.emotions import SYNONYMS, VOCABULARY, term
from xlser.corpora.names import is_audio
from xlser.corpora.tables.genders import gender_named
from xlser.errors import TableError

if TYPE_CHECKING:
    import pandas as pd

_TERMS = f"{', '.join(VOCABULARY[:9])}, ... (xlser.corpora.VOCABULARY)"
_NO_VALUE = frozenset({"", "nan", "none", "null", "<na>", "n/a"})
_SHOWN = 5  # problems of one message
_LABELS = 20  # labels of one command that is proposed


class Problems:
    """Problems of single rows, raised together."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lines: list[str] = []
        self._remedies: dict[str, None] = {}

    def add(self, row: int, column: str, text: str, remedy: str) -> None:
        """Note a problem of one cell."""
        self._lines.append(f"{self._source}, row {row}, column {column!r}: {text}")
        self._remedies[remedy] = None

    def raise_any(self) -> None:
        """Raise what was noted.

        Raises:
            TableError: there is a problem; five are shown, all are counted.
        """
        if not self._lines:
            return
        rest = len(self._lines) - _SHOWN
        more = [f"... and {rest} more"] if rest > 0 else []
        lines = "\n  ".join([*self._lines[:_SHOWN], *more])
        problem = lines if len(self._lines) == 1 else f"{len(self._lines)} problems:\n  {lines}"
        raise TableError(problem, " ".join(self._remedies))


@dataclass
class Rows:
    """What the rows of a table give.

    Attributes:
        spoken: utterance name -> metadata.
        paths: utterance name -> path, relative to the folder.
        rows: utterance name -> row of the table, for messages.
        dropped: label -> number of rows left out for it.
        speakers: speaker -> gender; unknown where rows differ.
    """

    spoken: dict[str, Spoken] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    speakers: dict[str, Gender] = field(default_factory=dict)


def checked_rows(
    frame: "pd.DataFrame", labels: Mapping[str, str], drop: set[str], folder: Path, source: str
) -> Rows:
    """Return what the rows of a table give.

    Args:
        frame: columns under their names here; the index holds row numbers.
        labels: label in lower case -> term.
        drop: labels in lower case whose rows are left out.
        folder: of the recordings; absolute paths below it are made relative.
        source: the table, for messages.

    Raises:
        TableError: rows that cannot be used, or none that can.
    """
    problems, found = Problems(source), Rows()
    paths = _Paths(folder, problems)
    unmapped: dict[str, list[int]] = {}
    _check_terms(labels)
    for row, values in zip(frame.index, frame.to_dict("records"), strict=True):
        path = paths.read(row, values["path"])
        written, speaker = values["emotion"], values["speaker"]
        label = written.casefold()
        if label in drop:
            found.dropped[written] = found.dropped.get(written, 0) + 1
            continue
        emotion = term(label, labels)
        if label in _NO_VALUE:
            problems.add(row, "emotion", "empty", "Fill in the emotion, or remove the row.")
        elif emotion is None:
            unmapped.setdefault(written, []).append(row)
        if speaker.casefold() in _NO_VALUE:
            problems.add(row, "speaker", "empty", "Speakers must be known: splits are by speaker.")
        gender = _gender(row, values.get("gender", ""), problems)
        found.speakers[speaker] = _agreed(found.speakers.get(speaker), gender)
        if path and emotion:
            name = utterance_name(path)
            if name in found.paths:
                where = "its ending or blanks alone"
                text = f"{path!r} differs from row {found.rows[name]} in {where}"
                problems.add(row, "path", text, "Keep one of them, or rename it.")
            sentence, split = values.get("sentence", ""), values.get("split", "")
            found.spoken[name] = Spoken(speaker, emotion, sentence, split)
            found.paths[name], found.rows[name] = path, row
    paths.note_absolute()
    _note_unmapped(unmapped, problems)
    problems.raise_any()
    if not found.spoken:
        raise TableError(f"{source} lists no utterance.", "Write one row per utterance.")
    return found


def _note_unmapped(unmapped: Mapping[str, list[int]], problems: Problems) -> None:
    """Note labels without a term, and the option that would map all of them."""
    asked = " ".join(f"{_quoted(label)}=TERM" for label in list(unmapped)[:_LABELS])
    remedy = (
        f"Map labels to terms (--map {asked}), keep one as a term of its own (--map LABEL=LABEL) "
        f"or leave its rows out (--drop LABEL). Terms: {_TERMS}."
    )
    for label, of in unmapped.items():
        more = f" (and {len(of) - 1} more rows)" if len(of) > 1 else ""
        near = get_close_matches(label.casefold(), [*VOCABULARY, *SYNONYMS], n=1)
        hint = f"; nearest: {term(near[0])}" if near else ""
        problems.add(of[0], "emotion", f"{label!r} is not mapped{more}{hint}", remedy)


def _quoted(label: str) -> str:
    return label if re.fullmatch(r"[\w.-]+", label) else f"'{label}'"


def _check_terms(labels: Mapping[str, str]) -> None:
    for label, of in labels.items():
        if of not in VOCABULARY and of != label:
            near = get_close_matches(of, VOCABULARY, n=1)
            raise TableError(
                f"The label {label!r} is mapped to {of!r}, which is not a term for an emotion.",
                (f"Did you mean {near[0]!r}? " if near else "")
                + f"Terms: {_TERMS}; a label mapped to itself becomes one.",
            )


class _Paths:
    """Reads the column of paths."""

    def __init__(self, folder: Path, problems: Problems) -> None:
        self._folder = folder.resolve().as_posix()
        self._problems = problems
        self._seen: dict[str, int] = {}
        self._absolute: dict[int, tuple[str, str]] = {}

    def read(self, row: int, written: str) -> str | None:
        """Return a row's path, normalised, or None where it cannot be used."""
        path = posixpath.normpath(written.replace("\\", "/")) if written else ""
        if path.startswith(f"{self._folder}/"):
            path = path[len(self._folder) + 1 :]
        if path.casefold() in _NO_VALUE:
            self._add(row, "empty", "Fill in the path, or remove the row.")
        elif re.match(r"\w+://", written):
            self._add(
                row, f"{written!r} is not a file", "Download recordings, and write their paths."
            )
        elif path.startswith("/") or re.match(r"[A-Za-z]:", path):
            self._absolute[row] = (written, path)
        elif path.split("/")[0] == "..":
            remedy = "Name a folder that holds all recordings: --folder."
            self._add(row, f"{written!r} leads out of the folder", remedy)
        elif not PurePosixPath(path).suffix:
            remedy = "Write file names with their endings, such as .wav."
            self._add(row, f"{written!r} has no ending", remedy)
        elif not is_audio(PurePosixPath(path)):
            remedy = "Convert recordings to WAV or FLAC."
            self._add(row, f"{written!r} does not end like a recording", remedy)
        elif path_key(path) in self._seen:
            text = f"{written!r} is listed in row {self._seen[path_key(path)]} already"
            self._add(row, text, "List each recording once, with one emotion.")
        else:
            self._seen[path_key(path)] = row
            return path
        return None

    def note_absolute(self) -> None:
        """Note absolute paths that are not below the folder, with what they have in common."""
        if not self._absolute:
            return
        folders = [posixpath.dirname(path) for _, path in self._absolute.values()]
        common = posixpath.commonpath(folders) if len({f[:2] for f in folders}) == 1 else ""
        if common and Path(common).is_dir():
            remedy = f"Name the folder of the recordings: --folder '{common}'."
        else:
            begin = f" ({common}/)" if common else ""
            remedy = (
                f"Cut the beginning of the paths{begin}, and name the folder here that holds what "
                "is left: --folder."
            )
        for row, (written, _) in self._absolute.items():
            self._add(row, f"{written!r} is absolute", remedy)

    def _add(self, row: int, text: str, remedy: str) -> None:
        self._problems.add(row, "path", text, remedy)


def _gender(row: int, written: str, problems: Problems) -> Gender:
    gender = gender_named(written)
    if gender is None:
        problems.add(
            row, "gender", f"{written!r} is not understood", "Write female, male or unknown."
        )
    return gender or "unknown"


def _agreed(before: Gender | None, now: Gender) -> Gender:
    """Return the gender of a speaker of several rows: unknown where they differ."""
    return now if before in (None, now) else "unknown"


def utterance_name(path: str) -> str:
    """Return the name of an utterance: its path without the ending, blanks replaced by "_".

    Records list names separated by blanks.

    >>> utterance_name("ana maría/1.wav")
    'ana_maría/1'
    """
    name = str(PurePosixPath(path).with_suffix(""))
    return "".join("_" if c.isspace() or not c.isprintable() else c for c in name)


def path_key(path: str) -> str:
    """Return what identifies a path on systems that differ in Unicode form and case of endings."""
    pure = PurePosixPath(unicodedata.normalize("NFC", path))
    return str(pure.with_suffix(pure.suffix.lower()))
