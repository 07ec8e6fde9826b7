"""Many runs as one table: a pandas frame of what they state, and arrays of what they predicted."""

import json
from collections import namedtuple
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from xlser.records.columns import COLUMNS, MORE, ROLES, encoded, labels_of, to_table
from xlser.records.prediction import LEVELS, Levels, Role, digits
from xlser.records.record import ROUNDING, Record

_CANONICAL = ("settings", "excluded", "corpora")
_TUPLES = ("changed", "classes", "source_corpora", "absent_corpora")

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class TestSet:
    """The test utterances of one role; runs tested on the same ones share the object.

    Attributes:
        utterances: ids (`<corpus>/<name>`), separated by spaces.
        emotion: true class index of each utterance, one digit per utterance.
    """

    __test__ = False  # not a test, whatever pytest thinks of its name

    utterances: str
    emotion: str

    def __len__(self) -> int:
        return len(self.emotion)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """`<corpus>/<name>` of each utterance."""
        return tuple(self.utterances.split())

    @cached_property
    def corpora(self) -> tuple[str, ...]:
        """Names of the corpora, in order."""
        return tuple(dict.fromkeys(id_.partition("/")[0] for id_ in self.ids))

    @cached_property
    def corpus_index(self) -> npt.NDArray[np.int8]:
        """Index into `corpora` of each utterance, shape (utterances,)."""
        index = {corpus: i for i, corpus in enumerate(self.corpora)}
        return np.array([index[id_.partition("/")[0]] for id_ in self.ids], dtype=np.int8)

    @cached_property
    def parts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each corpus with the names of its utterances, in order."""
        names: dict[str, list[str]] = {}
        for id_ in self.ids:
            corpus, _, name = id_.partition("/")
            names.setdefault(corpus, []).append(name)
        return tuple((corpus, tuple(members)) for corpus, members in names.items())

    @cached_property
    def truth(self) -> npt.NDArray[np.int8]:
        """True class index of each utterance, shape (utterances,)."""
        return digits(self.emotion).astype(np.int8)


class Binary:
    """A binary column: bytes of any number a row, read without a copy."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        chunks = column.chunks or [pa.array([], column.type)]
        array = chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)  # copies even a single
        _, offsets, data = array.buffers()
        size = len(array) + 1
        self.offsets = np.frombuffer(offsets, np.int32)[array.offset : array.offset + size]
        self.data: Bytes = np.frombuffer(data or b"", np.uint8)

    @property
    def lengths(self) -> npt.NDArray[np.int32]:
        """Bytes of each row, shape (rows,)."""
        return np.diff(self.offsets)

    def row(self, i: int) -> Bytes:
        """Return the bytes of a row."""
        return self.data[self.offsets[i] : self.offsets[i + 1]]

    def rows(self, indices: npt.NDArray[np.intp], length: int) -> Bytes:
        """Return rows of the same number of bytes, shape (rows, bytes)."""
        if (self.lengths == length).all():  # as a rule; far faster
            rows = self.data[self.offsets[0] : self.offsets[-1]].reshape(-1, length)[indices]
        else:
            rows = self.data[self.offsets[indices][:, None] + np.arange(length)]
        return rows


class Block:
    """The runs of one table, as `columns` makes it.

    Attributes:
        table: rows of `columns.SCHEMA`.
        test_sets: of each role, with the index into them of each row.
    """

    def __init__(self, table: pa.Table, known: dict[tuple[str, str], TestSet]) -> None:
        self.table = table
        self.predicted = {role: Binary(table[f"{role}_predicted"]) for role in ROLES}
        self.levels = Binary(table["target_levels"])
        self.test_sets = {role: self._test_sets(role, known) for role in ROLES}

    def _test_sets(
        self, role: Role, known: dict[tuple[str, str], TestSet]
    ) -> tuple[list[TestSet], npt.NDArray[np.intp]]:
        names, name = encoded(self.table[f"{role}_utterances"])
        emotions, emotion = encoded(self.table[f"{role}_emotion"])
        pairs, index = np.unique(name * len(emotions) + emotion, return_inverse=True)
        sets = []
        for pair in pairs.tolist():
            stated = names[pair // len(emotions)], emotions[pair % len(emotions)]
            sets.append(known.setdefault(stated, TestSet(*stated)))
        return sets, index

    def faults(self) -> dict[int, str]:
        """Return what is wrong with rows: predictions of the wrong form, or scores not theirs."""
        found: dict[int, str] = {}
        number, classes = encoded(self.table["classes"])
        sizes = np.array([len(json.loads(text)) for text in number])[classes]
        averaged = self.table["source_figure"].to_numpy() == "mean over corpora"
        for role in ROLES:
            sets, index = self.test_sets[role]
            stated = np.stack(
                [
                    self.table[f"score_{role}_{name}"].to_numpy().astype(np.float64)
                    for name in ("ua", "accuracy")
                ],
                axis=1,
            )
            group = (index * 11 + sizes) * 2 + averaged
            order = np.argsort(group, kind="stable")
            for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
                if not len(rows):
                    continue
                test, size = sets[index[rows[0]]], int(sizes[rows[0]])
                each = averaged[rows[0]] and role == "source"
                for row, what in self._faults_of(role, test, size, each, rows, stated[rows]):
                    found.setdefault(row, what)
        return dict(sorted(found.items()))

    def _faults_of(
        self,
        role: Role,
        test: TestSet,
        classes: int,
        each_corpus: bool,
        rows: npt.NDArray[np.intp],
        stated: npt.NDArray[np.float64],
    ) -> Iterator[tuple[int, str]]:
        count = len(test)
        if not count:
            lost = (self.predicted[role].lengths[rows] > 0) | ~np.isnan(stated).all(axis=1)
            yield from ((row, f"has {role} scores without predictions") for row in rows[lost])
            return
        if len(test.ids) != count or test.truth.max() >= classes:
            yield from ((row, f"has no {classes} classes an utterance") for row in rows)
            return
        fits = self.predicted[role].lengths[rows] == count
        if role == "target":
            fits &= self.levels.lengths[rows] == count * classes
        yield from ((row, f"has not {count} predictions for the {role}") for row in rows[~fits])
        rows, stated = rows[fits], stated[fits]
        if not len(rows):
            return
        predicted = self.predicted[role].rows(rows, count)
        odd = predicted.max(axis=1) >= classes
        if role == "target" and not odd.any():
            levels = self.levels.rows(rows, count * classes).reshape(len(rows), count, classes)
            odd |= _levels_off(levels, predicted)
        yield from ((row, "has predictions that are not those of its levels") for row in rows[odd])
        score = _scores(test, classes, each_corpus, predicted)
        far = ~(np.abs(score - stated) < ROUNDING).all(axis=1)
        for row, computed, given in zip(rows[far], score[far], stated[far], strict=True):
            yield (
                row,
                (
                    f"states figures that its predictions do not give: {role} UA {given[0]}, "
                    f"accuracy {given[1]}, computed again {computed[0]} and {computed[1]}"
                ),
            )


def _levels_off(levels: Bytes, predicted: Bytes) -> npt.NDArray[np.bool_]:
    """Return which runs have levels that do not sum to 255 or whose largest is not predicted.

    Args:
        levels: shape (runs, utterances, classes).
        predicted: shape (runs, utterances).
    """
    planes = [levels[:, :, i] for i in range(levels.shape[2])]  # far faster than along the rows
    sums = reduce(np.add, [plane.astype(np.uint16) for plane in planes])
    highest = reduce(np.maximum, planes)
    chosen = np.choose(predicted, planes)
    off: npt.NDArray[np.bool_] = ((sums != LEVELS) | (chosen != highest)).any(axis=1)
    return off


def _scores(
    test: TestSet, classes: int, each_corpus: bool, predicted: Bytes
) -> npt.NDArray[np.float64]:
    """Return UA and accuracy of runs on one test set, 0 to 1, shape (runs, 2).

    Args:
        test: the utterances.
        classes: how many there are.
        each_corpus: whether corpora are scored apart and averaged.
        predicted: shape (runs, utterances).
    """
    corpora = len(test.corpora) if each_corpus else 1
    cell = test.truth.astype(np.intp)
    if each_corpus:
        cell = cell + classes * test.corpus_index
    hits = (predicted == test.truth.astype(np.uint8))[:, np.argsort(cell, kind="stable")]
    ends = np.cumsum(np.bincount(cell, minlength=corpora * classes))
    starts = np.concatenate([[0], ends[:-1]])
    support = np.bincount(cell, minlength=corpora * classes).reshape(corpora, classes)
    tested = support > 0
    counts = np.zeros((len(predicted), corpora * classes))
    counts[:, tested.ravel()] = np.add.reduceat(
        hits.view(np.uint8), starts[tested.ravel()], axis=1, dtype=np.uint32
    )
    right = counts.reshape(-1, corpora, classes)
    recall = np.where(tested, right / np.maximum(support, 1), 0)
    ua = recall.sum(axis=2) / tested.sum(axis=1)
    accuracy = right.sum(axis=2) / support.sum(axis=1)
    return np.stack([ua.mean(axis=1), accuracy.mean(axis=1)], axis=1)


class Runs:
    """Runs of one protocol's results, without one object per run."""

    def __init__(self, blocks: Sequence[tuple[Block, Sequence[Path], Sequence[Path]]]) -> None:
        """Join blocks.

        Args:
            blocks: each with the path and the file of its runs.
        """
        self._blocks = [block for block, _, _ in blocks]
        self._paths = [path for _, of_block, _ in blocks for path in of_block]
        self._files = [file for _, _, of_block in blocks for file in of_block]
        everywhere = [
            (number, row)
            for number, block in enumerate(self._blocks)
            for row in range(block.table.num_rows)
        ]
        order = sorted(range(len(everywhere)), key=self._paths.__getitem__)
        self._place = [everywhere[i] for i in order]
        self._order = np.array(order, dtype=np.intp)

    @cached_property
    def _columns(self) -> dict[str, npt.NDArray[Any]]:
        tables = [block.table.select([*COLUMNS, MORE]) for block in self._blocks]
        table = pa.concat_tables(tables or [to_table([])])
        return {
            "path": _objects(self._paths)[self._order],
            "file": _objects(self._files)[self._order],
            **{name: _values(name, table[name])[self._order] for name in COLUMNS},
            **{name: of[self._order] for name, of in _optional(table[MORE]).items()},
        }

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row a run, in the order of their paths.

        The columns are those of packed files (docs/records.md), with these differences: `path` is
        where the run's own file belongs, `file` the file that holds it; `labels` is an integer or
        "all"; `changed`, `classes`, `source_corpora` and `absent_corpora` are tuples; `settings`,
        `excluded` and `corpora` are canonical JSON (sorted keys, no spaces). Further columns are of
        what not every record states: `recipe`, how the backbone made embeddings (canonical JSON;
        empty where no choice is stated), `tuning`, how it was fine-tuned (None: by the protocol's
        schedule), `packaged_code` and `sandbox` (empty: not stated), `draw`, of the labelled
        utterances (0: the protocol's), `unlabelled`, what became of unlabelled speech, and `curve`,
        the source's validation speech after each epoch (None: not stated).
        """
        kept = {name: pd.Series(of, dtype=of.dtype) for name, of in self._columns.items()}
        return pd.DataFrame(kept)

    def rows(self) -> Iterator[Any]:
        """Yield the rows of `frame` as named tuples, without making it."""
        row = namedtuple("Run", self._columns)  # type: ignore[misc]
        values = [column.tolist() for column in self._columns.values()]
        return map(row._make, zip(*values, strict=True))

    def __len__(self) -> int:
        return len(self._place)

    def without(self, rows: Collection[int]) -> "Runs":
        """Return the runs but those of some rows of the frame."""
        gone = {self._place[i] for i in rows}
        blocks, start = [], 0
        for number, block in enumerate(self._blocks):
            count = block.table.num_rows
            kept = [row for row in range(count) if (number, row) not in gone]
            table = block.table.take(pa.array(kept, pa.int64()))
            of_block = [start + row for row in kept]
            start += count
            paths = [self._paths[i] for i in of_block]
            blocks.append((Block(table, {}), paths, [self._files[i] for i in of_block]))
        return Runs(blocks)

    def test_set(self, i: int, role: Role) -> TestSet:
        """Return the test utterances of run `i` (its row in the frame); empty for none."""
        block, row = self._place[i]
        sets, index = self._blocks[block].test_sets[role]
        return sets[int(index[row])]

    def predicted(self, i: int, role: Role) -> npt.NDArray[np.int8]:
        """Return the predicted class index of each test utterance, shape (utterances,)."""
        block, row = self._place[i]
        return self._blocks[block].predicted[role].row(row).view(np.int8)

    def levels(self, i: int, role: Role) -> Levels | None:
        """Return probabilities in 255ths, shape (utterances, classes); None for the source."""
        if role == "source":
            return None
        block, row = self._place[i]
        count = len(self.test_set(i, role))
        return self._blocks[block].levels.row(row).reshape(count, -1)


def predictions(record: Record) -> pd.DataFrame:
    """Return the predictions of a record, one row per utterance.

    The columns: corpus, role, utterance, emotion and predicted (names of classes), and for each
    class its probability in steps of 1/255 (NaN for the source, whose probabilities are not kept).
    """
    classes = np.array(record.classes, dtype=object)
    parts = []
    for part in record.predictions:
        source = part.role == "source"
        known = np.full((len(part.emotion), len(classes)), np.nan) if source else part.matrix
        frame = pd.DataFrame(known, columns=list(classes), dtype=np.float32)
        frame.insert(0, "corpus", part.corpus)
        frame.insert(1, "role", part.role)
        frame.insert(2, "utterance", part.names)
        frame.insert(3, "emotion", classes[part.truth])
        frame.insert(4, "predicted", classes[part.prediction])
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def _values(name: str, column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Return a column of the frame."""
    if COLUMNS[name].type != pa.string():
        numbers: npt.NDArray[Any] = column.to_numpy()
        if name == "fold":  # of protocols without folds it is not stated
            return np.nan_to_num(numbers.astype(np.float64)).astype(np.int64)
        return numbers.astype(np.float64) if name.startswith("memory_") else numbers
    texts, index = encoded(column)
    values: list[Any] = list(texts)
    if name == "labels":
        values = [labels_of(text) for text in texts]
    elif name in _TUPLES:
        values = [tuple(json.loads(text)) for text in texts]
    elif name in _CANONICAL:
        values = [canonical(json.loads(text)) for text in texts]
    return _objects(values)[index]


def _optional(more: pa.ChunkedArray) -> dict[str, npt.NDArray[np.object_]]:
    """Return the columns of what not every record states."""
    texts, index = encoded(more)
    stated = [json.loads(text) for text in texts]
    backbones = [of.get("backbone", {}) for of in stated]
    found = {
        "recipe": [canonical(of["recipe"]) if of.get("recipe") else "" for of in backbones],
        "tuning": [of.get("tuning") for of in backbones],
        "packaged_code": [of.get("method", {}).get("packaged_code") or "" for of in stated],
        "sandbox": [of.get("sandbox") or "" for of in stated],
        "draw": [of.get("draw", 0) for of in stated],
        "unlabelled": [of.get("unlabelled") for of in stated],
        "curve": [of.get("curve") for of in stated],
    }
    return {name: _objects(of)[index] for name, of in found.items()}


def canonical(value: Any) -> str:
    """Return a value as JSON with sorted keys and without spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _objects(values: Sequence[Any]) -> npt.NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
