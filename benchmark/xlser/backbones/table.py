"""Embeddings from a file: a Parquet table of ids and vectors, made by whatever made it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from xlser.backbones.backbone import Backbone, specialised
from xlser.backbones.naming import Asked
from xlser.errors import TableError
from xlser.settings import Settings
from xlser.system.files import digest_file

_COLUMNS = ("id", "vector")
_SHAPE = (
    "A table has a column `id` of text (<corpus>/<name>, as in `xlser corpora`) and a column "
    "`vector` of lists of numbers, all of one length."
)


class TableFeatures(Backbone):
    """Embeddings that a table holds, for the frozen track.

    Attributes:
        path: of the table.
        digest: SHA-256 of the file, which records state as the weights.
    """

    citation = "not stated: a table of the user's"
    weights = None
    path: ClassVar[str]
    digest: ClassVar[str]

    @classmethod
    def fetch(cls, settings: Settings) -> tuple[type[Backbone], str, dict[str, Tensor] | None]:
        """Return the class and the digest of the file; there are no weights."""
        del settings
        return cls, cls.digest, None

    @classmethod
    def embeddings(cls, ids: Sequence[str]) -> Tensor:
        """Return the vectors of utterances, shape (utterances, dimension), float32.

        Raises:
            TableError: some are not in the table, or the table changed since it was looked at.
        """
        path = Path(cls.path)
        if digest_file(path) != cls.digest:
            raise TableError(f"{path} changed while it was in use.", "Give the command again.")
        found, vectors = _read(path)
        row = {id_: i for i, id_ in enumerate(found)}
        missing = [id_ for id_ in ids if id_ not in row]
        if missing:
            some = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
            raise TableError(
                f"{path} lacks {len(missing)} of {len(ids)} utterances: {some}.",
                "Embed these as well, or leave them out by name with --exclude.",
            )
        return torch.from_numpy(vectors[[row[id_] for id_ in ids]])


def table_backbone(asked: Asked) -> type[Backbone]:
    """Return a backbone of a table; the name states the file's name alone, records its digest.

    Raises:
        TableError: it is no such table.
        SettingsError: options were given, of which it has none.
    """
    path = Path(asked.name).expanduser().resolve()
    _, vectors = _read(path)
    return specialised(
        TableFeatures,
        name=f"features:{path.stem}",
        dimension=vectors.shape[1],
        path=str(path),
        asked=f"features:{asked.name}",
        digest=digest_file(path),
    ).variant(asked.options)


def _read(path: Path) -> tuple[list[str], Any]:
    """Return the ids and the vectors, shape (ids, dimension), float32, of a table.

    Raises:
        TableError: it is none, or holds something that is no finite vector.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=list(_COLUMNS))
        ids = table["id"].to_pylist()
        lists = table["vector"].combine_chunks()
        lengths = set(lists.value_lengths().to_pylist())
        values = lists.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    except (OSError, pa.ArrowException, KeyError, AttributeError, TypeError, ValueError) as cause:
        reason = (str(cause).splitlines() or [type(cause).__name__])[0].rstrip(".")
        raise TableError(f"{path} is not a table of embeddings ({reason}).", _SHAPE) from cause
    if len(lengths) != 1 or not lengths - {None, 0}:
        stated = ", ".join(sorted(map(str, lengths))) or "no rows"
        raise TableError(f"{path}: column vector has lengths {stated}, not one length.", _SHAPE)
    vectors = values.reshape(len(ids), -1)
    if len(set(ids)) < len(ids) or None in ids:
        twice = next((id_ for id_ in ids if ids.count(id_) > 1), None)
        raise TableError(f"{path}: the id {twice!r} stands in several rows.", "Keep one of them.")
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise TableError(
            f"{path}: the vectors of {len(bad)} utterances are not finite, {ids[bad[0]]!r} first.",
            "Put numbers in the place of NaN and infinity.",
        )
    return ids, vectors
