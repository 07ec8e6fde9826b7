"""What runs predicted for the test utterances of the target, and who spoke these."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from xlser.corpora import Corpus, NotOfThisCorpusError, get_corpus
from xlser.errors import RecordError
from xlser.metrics import Counts, Metric, confusion
from xlser.metrics.metric import ratio
from xlser.records.prediction import Levels, Role
from xlser.records.runs_table import Runs, TestSet

Indices = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cells:
    """Speakers in runs: the smallest groups of test utterances that chance has in common.

    Attributes:
        of: cell of each utterance, shape (utterances,).
        speaker: of each cell, shape (cells,).
        run: of each cell, the position of its seed, shape (cells,).
    """

    of: Indices
    speaker: Indices
    run: Indices


@dataclass(frozen=True, eq=False)
class TestUtterances:
    """The target's test utterances under several seeds, one seed after the other.

    An utterance that is tested under several seeds is there several times.

    Attributes:
        ids: `<corpus>/<name>` of each.
        seed: position of the seed under which each is tested, shape (utterances,).
        truth: class index of each, shape (utterances,).
        speaker: index into `speakers` of each, shape (utterances,).
        speakers: as `<corpus>/<speaker>`, sorted.
        classes: number of classes.
    """

    __test__ = False  # not a test of pytest's

    ids: tuple[str, ...]
    seed: Indices
    truth: Indices
    speaker: Indices
    speakers: tuple[str, ...]
    classes: int

    @cached_property
    def cells(self) -> "Cells":
        """The speakers of each run."""
        names = self.seed * len(self.speakers) + self.speaker
        cells, cell = np.unique(names, return_inverse=True)
        run, speaker = np.divmod(cells, len(self.speakers))
        return Cells(cell, speaker, run)

    @classmethod
    def of(cls, test_sets: Sequence[TestSet], classes: int) -> "TestUtterances":
        """Join the test sets of several seeds.

        Raises:
            RecordError: the name of an utterance is not one of its corpus.
        """
        corpora = {name: get_corpus(name) for each in test_sets for name in each.corpora}
        names = [_speakers(t, tuple(corpora[name] for name in t.corpora)) for t in test_sets]
        speakers, speaker = np.unique(np.concatenate(names), return_inverse=True)
        return cls(
            ids=tuple(id_ for test_set in test_sets for id_ in test_set.ids),
            seed=np.repeat(np.arange(len(test_sets)), [len(t.truth) for t in test_sets]),
            truth=np.concatenate([t.truth for t in test_sets]).astype(np.int64),
            speaker=speaker,
            speakers=tuple(map(str, speakers)),
            classes=classes,
        )


@dataclass(frozen=True, eq=False)
class RowPredictions:
    """The predictions of a row, over its seeds.

    Attributes:
        utterances: those tested; rows tested on the same ones share the object.
        predicted: class index of each, shape (utterances,), int8.
        levels: probabilities in 255ths, of each seed.
    """

    utterances: TestUtterances
    predicted: npt.NDArray[np.int8]
    levels: tuple[Levels, ...]

    @property
    def probabilities(self) -> Reals:
        """Of each class, 0 to 1, shape (utterances, classes); not kept, for they are large."""
        return probabilities_of(self.levels)

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Whether each utterance is recognised, shape (utterances,)."""
        return np.equal(self.predicted, self.utterances.truth)

    @property
    def confusion(self) -> Counts:
        """Utterances by true and by predicted class, summed over seeds."""
        return confusion(self.utterances.truth, self.predicted, self.utterances.classes)

    @property
    def recalls(self) -> list[float | None]:
        """Recall of each class over all seeds, percent; None where none is tested."""
        counts = self.confusion
        pairs = zip(counts.diagonal().tolist(), counts.sum(axis=1).tolist(), strict=True)
        return [100 * right / tested if tested else None for right, tested in pairs]

    def pooled(self, metric: Metric) -> float:
        """Return a metric over the utterances of all seeds together, percent."""
        probabilities = self.probabilities if metric.needs_probabilities else None
        test = self.utterances
        return 100 * metric.compute(test.truth, self.predicted, test.classes, probabilities)


def probabilities_of(levels: Sequence[Levels]) -> Reals:
    """Return the probabilities of runs, one after the other, from their levels (255 is 1)."""
    return np.concatenate(levels) / 255


def sums_by(group: npt.NDArray[np.integer], statistics: Reals) -> Reals:
    """Add the statistics of the utterances of each group: a product of matrices takes far longer.

    Args:
        group: of each utterance, from 0, shape (utterances,).
        statistics: shape (..., utterances, statistics).

    Returns:
        shape (..., groups, statistics).
    """
    groups = [statistics[..., group == i, :] for i in range(group.max() + 1)]
    return np.stack([total(of_group) for of_group in groups], axis=-2)


def mean_defined(values: Reals) -> Reals:
    """Return the mean over the last axis of what is not NaN; NaN where nothing is left."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0.0).sum(axis=-1), defined.sum(axis=-1).astype(float))


def total(statistics: Reals) -> Reals:
    """Add the statistics of all utterances: faster than `sum`, whose inner loop would be short.

    Args:
        statistics: shape (..., utterances, statistics).

    Returns:
        shape (..., statistics).
    """
    sums: Reals = np.einsum("...us->...s", statistics)
    return sums


class PredictionsOf:
    """Makes the predictions of rows; equal test utterances become one object."""

    def __init__(self, runs: Runs, classes: int) -> None:
        self.runs = runs
        self.classes = classes
        self._known: dict[tuple[TestSet, ...], TestUtterances] = {}

    def row(self, positions: Sequence[int]) -> RowPredictions:
        """Return the predictions of a row.

        Args:
            positions: of its runs, in the order of the seeds.
        """
        test_sets = tuple(self.runs.test_set(i, "target") for i in positions)
        if test_sets not in self._known:
            self._known[test_sets] = TestUtterances.of(test_sets, self.classes)
        predicted = np.concatenate([self.runs.predicted(i, "target") for i in positions])
        levels = [self.runs.levels(i, "target") for i in positions]
        return RowPredictions(
            self._known[test_sets],
            predicted,
            tuple(level for level in levels if level is not None),
        )


@lru_cache(maxsize=1024)
def _speakers(test_set: TestSet, corpora: tuple[Corpus, ...]) -> npt.NDArray[np.str_]:
    """Return `<corpus>/<speaker>` of each utterance; parsing thousands of names takes long."""
    of_corpora = {corpus.name: corpus for corpus in corpora}
    return np.array([_speaker(of_corpora[corpus], name) for corpus, name in _split(test_set)])


def _split(test_set: TestSet) -> Iterator[tuple[str, str]]:
    for id_ in test_set.ids:
        corpus, _, name = id_.partition("/")
        yield corpus, name


def _speaker(corpus: Corpus, name: str) -> str:
    try:
        return f"{corpus.name}/{corpus.parse(name).speaker}"
    except NotOfThisCorpusError as cause:
        raise RecordError(
            f"There are records that tested on {corpus.name}/{name}: {cause.problem}",
            "Run `xlser validate` to see which, and delete them.",
        ) from cause


def over_classes(runs: Runs, classes: Sequence[str]) -> Runs:
    """Return runs whose class indices are those of `classes`.

    A record has the classes of its target. Where they are fewer, a class that the target lacks has
    no test utterance and is predicted with probability 0.

    Args:
        runs: of one protocol.
        classes: of the protocol.
    """
    stated = {tuple(of) for of in runs.frame["classes"]}
    return runs if stated <= {tuple(classes)} else _Renumbered(runs, classes)


class _Renumbered(Runs):
    """Runs whose class indices are those of other classes."""

    def __init__(self, runs: Runs, classes: Sequence[str]) -> None:
        vars(self).update(vars(runs))
        self._count = len(classes)
        index = {name: i for i, name in enumerate(classes)}
        self._index = [tuple(index[name] for name in of) for of in self.frame["classes"]]

    def test_set(self, i: int, role: Role) -> TestSet:
        """Return the test utterances of run `i`."""
        return _renumbered(super().test_set(i, role), self._index[i])

    def predicted(self, i: int, role: Role) -> npt.NDArray[np.int8]:
        """Return the predicted class index of each test utterance, shape (utterances,)."""
        return np.array(self._index[i], np.int8)[super().predicted(i, role)]

    def levels(self, i: int, role: Role) -> Levels | None:
        """Return probabilities in 255ths, shape (utterances, classes); None for the source."""
        own = super().levels(i, role)
        if own is None:
            return None
        levels = np.zeros((len(own), self._count), own.dtype)
        levels[:, self._index[i]] = own
        return levels


@lru_cache(maxsize=1024)
def _renumbered(test_set: TestSet, index: tuple[int, ...]) -> TestSet:
    digits = str.maketrans({str(old): str(new) for old, new in enumerate(index)})
    return TestSet(test_set.utterances, test_set.emotion.translate(digits))
