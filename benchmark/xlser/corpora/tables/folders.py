"""From a tree of folders to a table, by a pattern such as `{speaker}/{emotion}/{name}.wav`."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from xlser.corpora.corpus import visible
from xlser.corpora.names import is_audio
from xlser.corpora.tables.reading import OPTIONAL, REQUIRED
from xlser.errors import TableError

if TYPE_CHECKING:
    import pandas as pd

FIELDS = (*(field for field in REQUIRED if field != "path"), *OPTIONAL, "name")
_PIECE = re.compile(r"\{([^{}]*)\}|\*\*/|\*")


@dataclass(frozen=True)
class FolderTable:
    """What a pattern finds in a folder.

    Attributes:
        frame: one row per recording: path and the fields of the pattern but `name`.
        unmatched: recordings whose path does not fit the pattern.
    """

    frame: "pd.DataFrame"
    unmatched: tuple[str, ...]


def read_folder(folder: Path | str, pattern: str) -> FolderTable:
    """Return a table of the recordings under `folder`, by their paths.

    Hidden files and folders and `__MACOSX` are passed over.

    Args:
        folder: what the pattern is relative to.
        pattern: path with fields in braces, each a run of characters but "/": {speaker} and
            {emotion}, and as one likes {gender}, {sentence}, {language}, {split} and {name} (any
            text). A field that stands twice must have one value. "*" is any text without "/",
            "**/" any folders. Whatever the pattern's ending, all formats that libsndfile reads
            are taken, in any case.

    Raises:
        TableError: no such folder, a pattern that cannot be used, or nothing fits it.
    """
    import pandas as pd

    folder = Path(folder)
    if not folder.is_dir():
        raise TableError(f"There is no folder {folder}.", "Name the folder of the recordings.")
    expression = _expression(pattern)
    rows, unmatched = [], []
    for file in visible(folder):
        path = file.relative_to(folder).as_posix()
        if not is_audio(file) or not file.is_file():
            continue
        match = expression.fullmatch(str(PurePosixPath(path).with_suffix("")))
        if match:
            fields = {k: v for k, v in match.groupdict().items() if k != "name"}
            rows.append({"path": path, **fields})
        else:
            unmatched.append(path)
    if not rows:
        example = f"such as {unmatched[0]!r}" if unmatched else "none"
        raise TableError(
            f"No recording in {folder} fits {pattern!r}; there are {len(unmatched)}, {example}.",
            "Write the pattern as such a path is, with {speaker} and {emotion} in their places.",
        )
    return FolderTable(pd.DataFrame(rows), tuple(unmatched))


def _expression(pattern: str) -> "re.Pattern[str]":
    """Return a regular expression for paths without their ending."""
    pure = PurePosixPath(pattern)
    if is_audio(pure) or pure.suffix in (".*", ".{ext}"):
        pattern = pattern[: -len(pure.suffix)]
    parts, seen, end = [], set(), 0
    for piece in _PIECE.finditer(pattern):
        parts.append(re.escape(pattern[end : piece.start()]))
        end, field = piece.end(), piece[1]
        if field is None:
            parts.append("(?:.*/)?" if piece[0] == "**/" else "[^/]*")
        elif field not in FIELDS:
            near = get_close_matches(field, FIELDS, n=1)
            raise TableError(
                f"The pattern {pattern!r} has a field {field!r}, which a corpus has not.",
                (f"Did you mean {{{near[0]}}}? " if near else "")
                + f"Fields: {', '.join(FIELDS)}; '*' for text of no meaning.",
            )
        else:
            parts.append(f"(?P={field})" if field in seen else f"(?P<{field}>[^/]+?)")
            seen.add(field)
    lacking = [field for field in ("speaker", "emotion") if field not in seen]
    if lacking:
        raise TableError(
            f"The pattern {pattern!r} lacks {{{lacking[0]}}}.",
            "Where paths do not state it, write a table instead (--table).",
        )
    return re.compile("".join(parts) + re.escape(pattern[end:]))
