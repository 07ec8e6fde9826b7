"""From a CSV, TSV or Parquet file to a frame of text, with the row numbers that people see."""

import codecs
import csv
import io
import re
import string
import unicodedata
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlser.errors import TableError

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("path", "speaker", "emotion")
OPTIONAL = ("language", "gender", "sentence", "split")

# Blanks, and marks that only state a direction of writing.
_INVISIBLE = (
    string.whitespace + "\u00a0\u200b\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2069\ufeff"
)
# Encodings of tables without a mark, to show how they would read the text; languages beside.
_GUESSES = {
    "cp1252": "Western Europe",
    "cp1253": "Greek",
    "cp1256": "Arabic",
    "cp1254": "Turkish",
    "cp1251": "Cyrillic",
    "gb18030": "Chinese",
}
_SEPARATORS = (",", ";", "\t", "|")
_ENCODINGS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"))
_BIG_ENDIAN = (codecs.BOM_UTF16_BE, "utf-16")
# Other names for the columns that people use; they are proposed, never assumed.
_ALIASES = {
    "path": ("file", "filename", "file_name", "file_path", "filepath", "wav", "audio", "file_id"),
    "speaker": ("speaker_id", "spk", "spk_id", "actor", "actor_id", "subject", "participant"),
    "emotion": ("label", "emotion_expressed", "category", "class", "emo", "target"),
}


def read_table(path: Path, encoding: str | None = None) -> "pd.DataFrame":
    """Return all values of a table as text, blanks at the ends removed; "" where there is none.

    The index holds row numbers as a spreadsheet shows them: of a text file the header is row 1,
    of Parquet the first row is row 1.

    Args:
        path: ends in .csv, .tsv, .txt or .parquet. Of a text file the separator is the one that
            cuts its header into most columns: comma, semicolon, tab or bar.
        encoding: of a text file; default: UTF-8, or what its byte order mark states.

    Raises:
        TableError: the file cannot be read as a table.
    """
    if not path.is_file():
        raise _absent(path)
    if path.suffix.lower() == ".parquet":
        return _parquet(path)
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        raise TableError(
            f"{path} is no CSV, TSV or Parquet file.", "Save the table as CSV (UTF-8)."
        )
    return _text(path, _decoded(path, encoding))


def as_text(frame: "pd.DataFrame", first_row: int = 1) -> "pd.DataFrame":
    """Return a frame of any types as `read_table` returns one."""
    texts = {column: [_cell(v) for v in frame[column].tolist()] for column in frame.columns}
    result = frame.reset_index(drop=True).assign(**{str(c): v for c, v in texts.items()})
    result.index = result.index + first_row
    return result[[str(column) for column in frame.columns]]


def plain(text: str) -> str:
    """Return a text in composed Unicode without blanks and marks of direction at its ends."""
    return unicodedata.normalize("NFC", text).strip(_INVISIBLE)


def named_columns(frame: "pd.DataFrame", columns: Mapping[str, str], source: str) -> "pd.DataFrame":
    """Return the columns that make a corpus, under their names here.

    Args:
        frame: a table; case of and blanks around the names of its columns do not matter.
        columns: name here -> name in the table, where they differ.
        source: the table, for messages.

    Raises:
        TableError: a column is missing, or two have one name.
    """
    theirs = [plain(str(column)) for column in frame.columns]
    of_table = [column.casefold() for column in theirs]
    unknown = sorted(set(columns) - {*REQUIRED, *OPTIONAL})
    if unknown:
        raise TableError(
            f"A corpus has no column {unknown[0]!r}.",
            f"Those that can be named are {', '.join((*REQUIRED, *OPTIONAL))}.",
        )
    found, missing = {}, {}
    for name in (*REQUIRED, *OPTIONAL):
        wanted = plain(columns.get(name, name)).casefold()
        if of_table.count(wanted) > 1:
            raise TableError(
                f"{source} has several columns {wanted!r}.", "Rename or remove all but one."
            )
        if wanted in of_table:
            found[name] = frame.iloc[:, of_table.index(wanted)]
        elif name in REQUIRED or name in columns:
            missing[name] = wanted
    if missing:
        raise _missing(missing, theirs, source)
    result = frame[[]].copy()
    for name, values in found.items():
        result[name] = values
    return result


def _missing(missing: Mapping[str, str], theirs: list[str], source: str) -> TableError:
    """Return what is wrong where columns are missing: name here -> name looked for."""
    of_table = {column.casefold(): column for column in theirs if column}
    proposed = {}
    for name, wanted in missing.items():
        near = [alias for alias in _ALIASES.get(name, ()) if alias in of_table]
        near = near or get_close_matches(wanted, of_table, n=1)
        proposed[name] = of_table[near[0]] if near else "THEIR_NAME"
    options = " ".join(f"{name}={of}" for name, of in proposed.items())
    in_toml = ", ".join(f'{name} = "{of}"' for name, of in proposed.items())
    return TableError(
        f"{source} has no column {', '.join(map(repr, missing.values()))}; it has "
        f"{', '.join(of_table.values()) or 'none'}.",
        f"Rename columns, or name them: --column {options} "
        f"(columns = {{{in_toml}}} in xlser.toml).",
    )


def _cell(value: Any) -> str:
    """Return a cell as text; whole numbers that pandas made floats of without the point."""
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return plain(str(value))


def _absent(path: Path) -> TableError:
    near = get_close_matches(
        path.name, [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else [], n=1
    )
    hint = f"Did you mean {near[0]!r}?" if near else "Name a CSV, TSV or Parquet file."
    return TableError(f"There is no file {path}.", hint)


def _parquet(path: Path) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa

    try:
        return as_text(pd.read_parquet(path))
    except (pa.ArrowException, OSError, ValueError) as cause:
        raise TableError(
            f"{path} cannot be read as Parquet: {cause}", "Write it anew, or save it as CSV."
        ) from cause


def _decoded(path: Path, encoding: str | None) -> str:
    content = path.read_bytes()
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise TableError(f"{path} is a workbook, not text.", "Save the sheet as CSV (UTF-8).")
    marked = next((e for mark, e in (*_ENCODINGS, _BIG_ENDIAN) if content.startswith(mark)), None)
    used = encoding or marked or "utf-8"
    if used == "utf-8" and b"\0" in content:
        raise TableError(f"{path} holds NUL bytes.", "Is it UTF-16? Then add --encoding utf-16-le.")
    try:
        text = content.decode(used)
    except LookupError as cause:
        raise TableError(
            f"There is no encoding {encoding!r}.", f"Common ones are utf-8, {', '.join(_GUESSES)}."
        ) from cause
    except UnicodeDecodeError as cause:
        line = content.count(b"\n", 0, cause.start) + 1
        raise TableError(
            f"{path}, row {line}: byte {content[cause.start]:#04x} is not {used}.",
            "Save the file as UTF-8, or state its encoding with --encoding. The text there reads "
            f"{_readings(content, cause.start)}.",
        ) from cause
    if not text.strip():
        raise TableError(f"{path} is empty.", "Write a header and one row per utterance.")
    return text.removeprefix("\ufeff")


def _readings(content: bytes, place: int) -> str:
    """Return how likely encodings read the cell around a byte."""
    before = re.search(rb"[^,;\t|\r\n]*\Z", content[max(0, place - 40) : place])
    after = re.match(rb"[^,;\t|\r\n]*", content[place : place + 40])
    cell = (before[0] if before else b"") + (after[0] if after else b"")
    readings = []
    for encoding, where in _GUESSES.items():
        try:
            readings.append(f"{cell.decode(encoding)!r} in {encoding} ({where})")
        except UnicodeDecodeError:
            continue
    return ", ".join(readings) or f"{cell!r}"


def _text(path: Path, text: str) -> "pd.DataFrame":
    import pandas as pd

    first_row = 1
    if re.match(r"sep=.\r?\n", text):  # a line that Excel writes and reads
        text, first_row = text.split("\n", 1)[1], 2
    header = text.splitlines()[0]
    separator = max(_SEPARATORS, key=lambda s: len(next(csv.reader([header], delimiter=s))))
    try:
        cells = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            header=None,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
        )
    except (pd.errors.ParserError, ValueError) as cause:
        raise TableError(
            f"{path} cannot be read as a table: {str(cause).strip()}",
            f"Quote values that hold {separator!r} or line breaks.",
        ) from cause
    frame = as_text(cells.iloc[1:], first_row=first_row + 1)
    frame.columns = pd.Index([_cell(name) for name in cells.iloc[0].tolist()])
    return frame[(frame != "").any(axis=1)]
