"""The feature store: one corpus as a backbone reads it, memory-mapped from an Arrow file."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError

from xlser.audio.frontend import FrontEnd
from xlser.audio.input import Input
from xlser.audio.logmel import LogMel
from xlser.audio.waveform import Waveform
from xlser.errors import InvalidProtocolError, StoreError

VERSION = 1
_ROWS = "frames.arrow"
_ABOUT = "store.json"


def _columns(input_: Input) -> pa.Schema:
    import datasets  # which takes a while to import, and reading a store does without

    features = datasets.Features(
        {
            "id": datasets.Value("string"),
            "frames": datasets.List(datasets.Value(input_.dtype)),  # row-major, `width` values each
            "mean": datasets.Value("float32"),
            "std": datasets.Value("float32"),
        }
    )
    return features.arrow_schema


class About(BaseModel):
    """What a store holds and was made from (`store.json`).

    Attributes:
        version: of the store's layout.
        corpus: name of the corpus.
        content: digest of the corpus' utterances (`Inventory.digest`).
        frontend: settings of the front-end, if it holds log-mels.
        waveform: settings of the waveforms, if it holds these.
        utterances: number of rows.
        excluded: names of utterances left out at the user's word.
        size: bytes of the Arrow file, to detect a truncated one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int
    corpus: str
    content: str
    frontend: FrontEnd | None = None
    waveform: Waveform | None = None
    utterances: int
    excluded: tuple[str, ...]
    size: int

    @property
    def input(self) -> Input:
        """What the store holds."""
        return self.waveform or self.frontend or FrontEnd()


@dataclass(frozen=True)
class Frames:
    """Frames of several utterances, one after the other.

    Attributes:
        values: shape (total frames, mels), float16, or (total samples, 1), int16.
        lengths: shape (utterances,), rows of each.
    """

    values: npt.NDArray[np.float16] | npt.NDArray[np.int16]
    lengths: npt.NDArray[np.int64]


class FeatureStore:
    """The frames or samples of one corpus; they stay on disk until they are asked for."""

    def __init__(self, folder: Path) -> None:
        """Open the store in `folder`.

        Raises:
            StoreError: it is absent, of another version, truncated or otherwise not whole.
        """
        self.folder = folder
        self.about = self._read_about()
        rows = folder / _ROWS
        if not rows.is_file() or rows.stat().st_size != self.about.size:
            raise _broken(folder, f"{_ROWS} is missing or truncated")
        try:
            table = pa.ipc.open_stream(pa.memory_map(str(rows))).read_all()
        except pa.ArrowInvalid as cause:
            raise _broken(folder, f"{_ROWS} is no Arrow file") from cause
        if len(table) != self.about.utterances:
            raise _broken(folder, f"it holds {len(table)} rows, not {self.about.utterances}")
        self.ids: tuple[str, ...] = tuple(table["id"].to_pylist())
        self._row = {id_: row for row, id_ in enumerate(self.ids)}
        # One contiguous view a record batch; nothing is copied.
        self._blocks = [_Block.of(chunk, self.width) for chunk in table["frames"].chunks]
        self._first_row = np.cumsum([0, *(len(block.starts) - 1 for block in self._blocks)])

    @property
    def width(self) -> int:
        """Values of a row: bands of a frame, or 1, a sample."""
        return self.about.input.width

    def frames(self, ids: Sequence[str]) -> Frames:
        """Return the frames of `ids`, in that order.

        Raises:
            StoreError: an id is not in the store.
        """
        unknown = [id_ for id_ in ids if id_ not in self._row]
        if unknown:
            raise StoreError(
                f"{self.folder} does not hold {unknown[0]} ({len(unknown)} ids in all).",
                "Run `xlser prepare` again.",
            )
        parts = [self._frames_of(self._row[id_]) for id_ in ids]
        lengths = np.array([len(part) for part in parts], dtype=np.int64)
        empty = np.empty((0, self.width), dtype=self.about.input.dtype)
        return Frames(np.concatenate([empty, *parts]), lengths)

    def _frames_of(self, row: int) -> npt.NDArray[Any]:
        block = int(np.searchsorted(self._first_row, row, side="right")) - 1
        return self._blocks[block].frames(row - int(self._first_row[block]))

    def _read_about(self) -> About:
        path = self.folder / _ABOUT
        try:
            about = About.model_validate_json(path.read_bytes())
        except (OSError, ValidationError, InvalidProtocolError) as cause:
            raise _broken(self.folder, f"{_ABOUT} cannot be read") from cause
        if about.version != VERSION:
            raise _broken(self.folder, f"it is of version {about.version}, not {VERSION}")
        return about


@dataclass(frozen=True)
class _Block:
    """One record batch: the frames of its rows, and where each row starts."""

    values: npt.NDArray[Any]
    starts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, chunk: pa.ListArray, width: int) -> "_Block":
        offsets = chunk.offsets.to_numpy().astype(np.int64)
        values = chunk.values.to_numpy(zero_copy_only=True).reshape(-1, width)
        return cls(values, offsets // width)

    def frames(self, row: int) -> npt.NDArray[Any]:
        return self.values[self.starts[row] : self.starts[row + 1]]


class StoreWriter:
    """Appends utterances to a store that is being made; see `writing`."""

    def __init__(self, stream: pa.ipc.RecordBatchStreamWriter, schema: pa.Schema) -> None:
        self._stream = stream
        self._schema = schema
        self.utterances = 0

    def append(self, ids: Sequence[str], logmels: Iterable[LogMel]) -> None:
        """Write one record batch of utterances."""
        logmels = list(logmels)
        columns = {
            "id": pa.array(ids, pa.string()),
            "frames": _list_array([logmel.frames for logmel in logmels]),
            "mean": pa.array([logmel.mean for logmel in logmels], pa.float32()),
            "std": pa.array([logmel.std for logmel in logmels], pa.float32()),
        }
        self._stream.write_batch(pa.record_batch(columns, schema=self._schema))
        self.utterances += len(ids)


@contextmanager
def writing(
    folder: Path, corpus: str, content: str, input_: Input, excluded: Sequence[str]
) -> Iterator[StoreWriter]:
    """Fill the empty `folder` with a store; `store.json` is written last.

    Args:
        folder: of the store.
        corpus: name.
        content: digest of the recordings.
        input_: that the store holds: log-mel or waveform.
        excluded: names of utterances that are left out.
    """
    rows, schema = folder / _ROWS, _columns(input_)
    with (
        pa.OSFile(str(rows), "wb") as file,
        pa.ipc.new_stream(file, schema) as stream,
    ):
        writer = StoreWriter(stream, schema)
        yield writer
    kind: dict[str, Any] = {"waveform" if isinstance(input_, Waveform) else "frontend": input_}
    about = About(
        version=VERSION,
        corpus=corpus,
        content=content,
        **kind,
        utterances=writer.utterances,
        excluded=tuple(excluded),
        size=rows.stat().st_size,
    )
    (folder / _ABOUT).write_text(json.dumps(about.model_dump(exclude_unset=True), indent=1))


def _list_array(spectrograms: Sequence[npt.NDArray[Any]]) -> pa.ListArray:
    ends = np.cumsum([0, *(spectrogram.size for spectrogram in spectrograms)])
    values = np.concatenate([spectrogram.reshape(-1) for spectrogram in spectrograms])
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(values))


def _broken(folder: Path, fault: str) -> StoreError:
    return StoreError(
        f"{folder} is not a complete feature store: {fault}.",
        "Delete that folder and run `xlser prepare` again.",
    )
