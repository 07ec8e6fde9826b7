"""From a CSV, TSV or Parquet file to a frame of text, with the row numbers that people see."""

import codecs
import csv
import io
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlser.errors import TableError

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("path", "speaker", "emotion")
OPTIONAL = ("language", "gender", "sentence", "split")

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


def named_columns(frame: "pd.DataFrame", columns: Mapping[str, str], source: str) -> "pd.DataFrame":
    """Return the columns that make a corpus, under their names here.

    Args:
        frame: a table; case of and blanks around the names of its columns do not matter.
        columns: name here -> name in the table, where they differ.
        source: the table, for messages.

    Raises:
        TableError: a column is missing, or two have one name.
    """
    of_table = [str(column).strip().lstrip("\ufeff").casefold() for column in frame.columns]
    twice = sorted({name for name in of_table if name and of_table.count(name) > 1})
    if twice:
        raise TableError(
            f"{source} has several columns {twice[0]!r}.", "Rename or remove all but one."
        )
    unknown = sorted(set(columns) - {*REQUIRED, *OPTIONAL})
    if unknown:
        raise TableError(
            f"A corpus has no column {unknown[0]!r}.",
            f"Those that can be named are {', '.join((*REQUIRED, *OPTIONAL))}.",
        )
    found = {}
    for name in (*REQUIRED, *OPTIONAL):
        wanted = columns.get(name, name).strip().casefold()
        if wanted in of_table:
            found[name] = frame.iloc[:, of_table.index(wanted)]
        elif name in REQUIRED or name in columns:
            raise _missing(name, columns.get(name, name), of_table, source)
    result = frame[[]].copy()
    for name, values in found.items():
        result[name] = values
    return result


def _missing(name: str, wanted: str, of_table: list[str], source: str) -> TableError:
    near = [alias for alias in _ALIASES.get(name, ()) if alias in of_table]
    near = near or get_close_matches(wanted, of_table, n=1)
    example = near[0] if near else "THEIR_NAME"
    return TableError(
        f"{source} has no column {wanted!r}; it has {', '.join(filter(None, of_table)) or 'none'}.",
        f"Rename one, or name it: --column {name}={example} "
        f'(columns = {{{name} = "{example}"}} in xlser.toml).',
    )


def _cell(value: Any) -> str:
    """Return a cell as text; whole numbers that pandas made floats of without the point."""
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


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
    marked = next((e for mark, e in (*_ENCODINGS, _BIG_ENDIAN) if content.startswith(mark)), None)
    used = encoding or marked or "utf-8"
    try:
        text = content.decode(used)
    except LookupError as cause:
        raise TableError(
            f"There is no encoding {encoding!r}.", "Common ones are utf-8, cp1252, gb18030."
        ) from cause
    except UnicodeDecodeError as cause:
        line = content.count(b"\n", 0, cause.start) + 1
        guess = content[cause.start : cause.start + 12].decode("cp1252", "replace")
        raise TableError(
            f"{path}, row {line}: byte {content[cause.start]:#04x} is not {used}.",
            f"Save the file as UTF-8, or state its encoding: with --encoding cp1252 the text there "
            f"reads {guess.splitlines()[0]!r}.",
        ) from cause
    if not text.strip():
        raise TableError(f"{path} is empty.", "Write a header and a row an utterance.")
    return text.removeprefix("\ufeff")


def _text(path: Path, text: str) -> "pd.DataFrame":
    import pandas as pd

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
    frame = as_text(cells.iloc[1:], first_row=2)
    frame.columns = pd.Index([_cell(name) for name in cells.iloc[0].tolist()])
    return frame[(frame != "").any(axis=1)]
