"""Features of all utterances of a corpus: in a store on disk, or in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from xlser import audio
from xlser.errors import StoreError
from xlser.methods import Speech
from xlser.runs.inputs.tensors import load_tensors

EMBEDDINGS = "embeddings"
"""Name of the tensor in a file of embeddings."""


class CorpusFeatures(Protocol):
    """Features of all utterances of a corpus."""

    def speech(self, ids: Sequence[str]) -> Speech:
        """Return the utterances `ids`, in that order, on the CPU."""

    def in_memory(self) -> "FeaturesInMemory":
        """Return the same features in memory."""


@dataclass(frozen=True)
class FeaturesInMemory:
    """Features in arrays, which Ray passes to other processes without copying them.

    Attributes:
        ids: of the utterances, in the order of the rows.
        values: rows of all utterances, shape (rows, bands), float16, or one embedding an
            utterance, shape (utterances, dimension), float32.
        lengths: rows of each utterance, shape (utterances,), int64.
    """

    ids: tuple[str, ...]
    values: npt.NDArray[Any]
    lengths: npt.NDArray[np.int64]

    @cached_property
    def _embedded(self) -> bool:
        return len(self.values) == len(self.ids) and bool((self.lengths == 1).all())

    @cached_property
    def _places(self) -> dict[str, int]:
        return {id_: place for place, id_ in enumerate(self.ids)}

    @cached_property
    def _rows(self) -> dict[str, slice]:
        ends = self.lengths.cumsum()
        bounds = zip(self.ids, ends - self.lengths, ends, strict=True)
        return {id_: slice(int(start), int(end)) for id_, start, end in bounds}

    def speech(self, ids: Sequence[str]) -> Speech:
        """Return the utterances `ids`, in that order, on the CPU; never a view of what is here."""
        if self._embedded:
            places = np.array([self._places[id_] for id_ in ids], dtype=np.intp)
            lengths = torch.ones(len(ids), dtype=torch.long)
            return Speech(torch.from_numpy(self.values[places]), lengths)
        rows = [self._rows[id_] for id_ in ids]
        lengths = torch.tensor([row.stop - row.start for row in rows], dtype=torch.long)
        parts = [self.values[row] for row in rows]
        return Speech(torch.from_numpy(np.concatenate([self.values[:0], *parts])), lengths)

    def in_memory(self) -> "FeaturesInMemory":
        """Return these features."""
        return self


@dataclass(frozen=True)
class StoredFeatures:
    """Log-mel frames in a feature store, opened by each process when it needs them.

    Attributes:
        folder: of the store.
    """

    folder: Path

    def speech(self, ids: Sequence[str]) -> Speech:
        """Return the utterances `ids`, in that order, on the CPU.

        Raises:
            StoreError: the store is not whole, or lacks an utterance.
        """
        frames = _opened(self.folder).frames(ids)
        return Speech(torch.from_numpy(frames.values), torch.from_numpy(frames.lengths))

    def in_memory(self) -> FeaturesInMemory:
        """Read all frames."""
        store = _opened(self.folder)
        frames = store.frames(store.ids)
        return FeaturesInMemory(store.ids, frames.values, frames.lengths)


@dataclass(frozen=True)
class StoredEmbeddings:
    """Embeddings in a file, which each process maps into its memory when it needs them.

    Processes of one machine then share the memory.

    Attributes:
        path: of the file (`save_tensors`).
        ids: of the utterances, in the order of the rows.
    """

    path: Path
    ids: tuple[str, ...] = field(compare=False)  # what is in a file does not change

    def speech(self, ids: Sequence[str]) -> Speech:
        """Return the utterances `ids`, in that order, on the CPU.

        Raises:
            StoreError: the file is gone or not whole.
        """
        return self.in_memory().speech(ids)

    def in_memory(self) -> FeaturesInMemory:
        """Return the mapped embeddings.

        Raises:
            StoreError: the file is gone or not whole.
        """
        try:
            now = self.path.stat()
        except OSError:
            raise self._gone() from None
        found = _mapped(self, now.st_ino, now.st_size, now.st_mtime_ns)
        if found is None:
            raise self._gone()
        return found

    def _gone(self) -> StoreError:
        return StoreError(
            f"The embeddings in {self.path} are gone or not whole.",
            "Leave the cache alone while runs go on; the same command makes them anew.",
        )


@lru_cache(maxsize=64)
def _mapped(stored: StoredEmbeddings, *version: int) -> FeaturesInMemory | None:
    """Map a file; `version` differs for another file that takes its place."""
    found = load_tensors(stored.path)
    if found is None:
        return None
    values = found[0][EMBEDDINGS].numpy()
    return FeaturesInMemory(stored.ids, values, np.ones(len(values), dtype=np.int64))


@lru_cache(maxsize=32)
def _opened(folder: Path) -> "audio.FeatureStore":
    return audio.FeatureStore(folder)
