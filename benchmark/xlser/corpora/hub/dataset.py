"""From a dataset of the Hub to a folder of recordings and a table."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from xlser.corpora.fetch.fetching import SOURCE
from xlser.corpora.tables.reading import OPTIONAL
from xlser.errors import FetchError
from xlser.system.files import folder_written_atomically

if TYPE_CHECKING:
    import datasets

TABLE = "table.csv"

_PINNED = re.compile(r"[0-9a-f]{40}")
_KINDS = ((b"RIFF", ".wav"), (b"fLaC", ".flac"), (b"OggS", ".ogg"), (b"ID3", ".mp3"))


@dataclass(frozen=True)
class HubDataset:
    """A dataset with audio, emotion and speaker columns.

    Attributes:
        repository: `owner/name`.
        revision: commit, 40 hexadecimal digits: what a tag or branch holds may change.
        split: of the dataset.
        config: of the dataset, where it has several.
        columns: "audio", "emotion", "speaker", "gender", ... -> the dataset's name for it.
        language: in lower case, English word; default: the dataset's column.
        licence: terms of use.
        citation: the publication that describes it.
    """

    repository: str
    revision: str
    split: str = "train"
    config: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    licence: str = "not stated"
    citation: str = "not stated"

    @property
    def homepage(self) -> str:
        """Where its card is."""
        return f"https://huggingface.co/datasets/{self.repository}"


def fetch_dataset(
    dataset: HubDataset, root: Path, progress: Callable[[int, int], None] = lambda done, n: None
) -> Path:
    """Write a dataset's recordings, byte for byte, and their table into `root`; return the table.

    The dataset is streamed: recordings are not decoded and kept once.

    Args:
        dataset: which.
        root: folder that is made; it is there whole or not at all.
        progress: called with (recordings written, recordings in all or 0).

    Raises:
        FetchError: it cannot be downloaded, is not pinned, or lacks a column.
    """
    import pandas as pd

    if not _PINNED.fullmatch(dataset.revision):
        raise FetchError(
            f"{dataset.repository} is not pinned: {dataset.revision!r} is not a commit.",
            "Name the commit (40 hexadecimal digits, 'History' on its page), so that everybody "
            "gets the same recordings.",
        )
    if root.exists():
        raise FetchError(f"{root} exists.", "Move that folder, or give the corpus another name.")
    stream, columns = _open(dataset)
    total = _size(stream, dataset.split)
    rows: list[dict[str, str]] = []
    licences: set[str] = set()
    taken: set[str] = set()
    with folder_written_atomically(root) as partial:
        (partial / "audio").mkdir()
        for number, row in enumerate(_rows(stream, dataset)):
            path = f"audio/{_file_name(number, row, columns['audio'], taken)}"
            (partial / path).write_bytes(_bytes(row[columns["audio"]], number, dataset))
            cells = {name: _cell(stream, of, row[of]) for name, of in columns.items()}
            rows.append({**cells, "path": path})
            licences.add(str(row.get("license") or row.get("licence") or ""))
            progress(number + 1, total)
        frame = pd.DataFrame(rows)
        frame = frame[["path", *(column for column in frame if column not in ("path", "audio"))]]
        frame.to_csv(partial / TABLE, index=False)
        source = {
            "repository": dataset.repository,
            "revision": dataset.revision,
            "config": dataset.config,
            "split": dataset.split,
            "licence": dataset.licence,
            "licences of its rows": sorted(licences - {""}),
            "citation": dataset.citation,
            "homepage": dataset.homepage,
            "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
            "recordings": len(rows),
        }
        text = json.dumps(source, indent=1, ensure_ascii=False)
        (partial / SOURCE).write_text(text + "\n", encoding="utf-8")
    return root / TABLE


def _open(dataset: HubDataset) -> "tuple[datasets.IterableDataset, dict[str, str]]":
    """Return the rows with undecoded audio, and name here -> column of the dataset."""
    import datasets

    try:
        stream = datasets.load_dataset(
            dataset.repository,
            dataset.config,
            split=dataset.split,
            revision=dataset.revision,
            streaming=True,
        )
        if stream.features is None:
            stream = stream._resolve_features()
    except Exception as cause:  # of many kinds: HTTP, no such split, no data, a script
        raise _not_had(dataset, cause) from cause
    found = {}
    for name in ("audio", "emotion", "speaker", *OPTIONAL):
        of = dataset.columns.get(name, name)
        if of in stream.features:
            found[name] = of
        elif name in dataset.columns or name not in OPTIONAL:
            raise FetchError(
                f"{dataset.repository} has no column {of!r}; it has {', '.join(stream.features)}.",
                f"Name it: --column {name}=THEIR_NAME.",
            )
    if isinstance(stream.features[found["audio"]], datasets.Audio):
        stream = stream.cast_column(found["audio"], datasets.Audio(decode=False))
    return stream, found


def _rows(stream: "datasets.IterableDataset", dataset: HubDataset) -> Iterator[dict[str, Any]]:
    try:
        yield from stream
    except (OSError, ValueError, RuntimeError) as cause:
        raise _not_had(dataset, cause) from cause


def _not_had(dataset: HubDataset, cause: Exception) -> FetchError:
    return FetchError(
        f"{dataset.repository}, split {dataset.split}, cannot be loaded from the Hub: "
        f"{type(cause).__name__}: {str(cause).strip().splitlines()[0] if str(cause) else ''}",
        f"See {dataset.homepage}: is the name right, is there such a split and commit, must its "
        "conditions be accepted (`hf auth login`)? After a broken connection try again.",
    )


def _size(stream: "datasets.IterableDataset", split: str) -> int:
    splits = stream.info.splits or {}
    return int(splits[split].num_examples or 0) if split in splits else 0


def _bytes(audio: Any, number: int, dataset: HubDataset) -> bytes:
    content = audio.get("bytes") if isinstance(audio, dict) else None
    path = audio.get("path") if isinstance(audio, dict) else None
    if content is None and path and Path(path).is_file():
        content = Path(path).read_bytes()
    if not content:
        raise FetchError(
            f"{dataset.repository}, row {number} has no audio bytes.",
            "Name another column (--column audio=THEIR_NAME), or download the repository and make "
            "a table of it (`xlser corpora add --table`).",
        )
    return bytes(content)


def _file_name(number: int, row: Mapping[str, Any], audio: str, taken: set[str]) -> str:
    """Return a file name that is safe, and unique in the dataset; the dataset's own if it is."""
    held = row[audio] if isinstance(row[audio], dict) else {}
    given = PurePosixPath(str(row.get("file_id") or held.get("path") or "").replace("\\", "/")).name
    content = held.get("bytes") or b""
    kind = next((end for mark, end in _KINDS if content.startswith(mark)), None)
    suffix = kind or PurePosixPath(given).suffix.lower() or ".wav"
    stem = re.sub(r"[^\w.-]+", "_", PurePosixPath(given).stem).strip("._") or f"{number:06}"
    if stem.casefold() in taken:
        stem = f"{stem}_{number:06}"
    taken.add(stem.casefold())
    return f"{stem}{suffix}"


def _cell(stream: "datasets.IterableDataset", column: str, value: Any) -> str:
    """Return a cell as text: labels of classes by their names."""
    feature = stream.features[column]
    if hasattr(feature, "int2str") and isinstance(value, int) and value >= 0:
        return str(feature.int2str(value))
    return "" if value is None or isinstance(value, dict) else " ".join(str(value).split())
