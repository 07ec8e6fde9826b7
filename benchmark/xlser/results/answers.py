"""What rows answered to the target's test utterances, and who spoke these."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from xlser.corpora import NotOfThisCorpusError, get_corpus
from xlser.errors import RecordError
from xlser.metrics import Counts, confusion
from xlser.records import Predictions

Indices = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Part = tuple[str, str, str]
"""A corpus, the names of its utterances and their emotions, as `Predictions` hold them."""


@dataclass(frozen=True, eq=False)
class TestSpeech:
    """The target's test utterances, those of one seed behind those of another.

    An utterance that is tested under several seeds is there several times.

    Attributes:
        ids: of the utterances.
        seed: index of the seed each is tested under, shape (utterances,).
        truth: class index of each, shape (utterances,).
        speaker: index into `speakers` of each, shape (utterances,).
        speakers: as `<corpus>/<speaker>`, sorted.
        classes: how many there are.
    """

    ids: tuple[str, ...]
    seed: Indices
    truth: Indices
    speaker: Indices
    speakers: tuple[str, ...]
    classes: int


@dataclass(frozen=True, eq=False)
class Answers:
    """What a row answered to its test utterances.

    Attributes:
        speech: the utterances; rows tested on the same ones share the object.
        predicted: class index of each, shape (utterances,).
        confidence: probability of the predicted class, 0 to 1, shape (utterances,).
    """

    speech: TestSpeech
    predicted: Indices
    confidence: npt.NDArray[np.float32]

    @classmethod
    def of(cls, predictions: Sequence[Sequence[Predictions]], classes: int) -> "Answers":
        """Gather the predictions for the target: a sequence a seed, of its corpora.

        Raises:
            RecordError: an utterance is none of its corpus.
        """
        parts = tuple(
            tuple((part.corpus, part.utterances, part.emotion) for part in of_seed)
            for of_seed in predictions
        )
        matrix = np.concatenate([part.matrix for of_seed in predictions for part in of_seed])
        predicted = np.concatenate([part.prediction for of_seed in predictions for part in of_seed])
        return cls(test_speech(parts, classes), predicted, matrix.max(axis=1))

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Whether each utterance is recognised, shape (utterances,)."""
        return np.equal(self.predicted, self.speech.truth)

    @property
    def confusion(self) -> Counts:
        """Utterances by true and by predicted class, summed over seeds."""
        return confusion(self.speech.truth, self.predicted, self.speech.classes)


@lru_cache(maxsize=256)
def test_speech(parts: tuple[tuple[Part, ...], ...], classes: int) -> TestSpeech:
    """Return the test utterances that records name; the same object for the same ones.

    Thousands of records name the same utterances, whose names take long to read.

    Args:
        parts: the corpora of each seed.
        classes: how many there are.

    Raises:
        RecordError: an utterance is none of its corpus.
    """
    said = [
        (i, f"{corpus}/{name}", int(emotion), _speaker(corpus, name))
        for i, of_seed in enumerate(parts)
        for corpus, names, emotions in of_seed
        for name, emotion in zip(names.split(), emotions, strict=True)
    ]
    seed, ids, truth, who = zip(*said, strict=True)
    speakers, speaker = np.unique(who, return_inverse=True)
    return TestSpeech(
        ids=ids,
        seed=np.array(seed),
        truth=np.array(truth),
        speaker=speaker,
        speakers=tuple(map(str, speakers)),
        classes=classes,
    )


def _speaker(corpus: str, name: str) -> str:
    try:
        return f"{corpus}/{get_corpus(corpus).parse(name).speaker}"
    except NotOfThisCorpusError as cause:
        raise RecordError(
            f"There are records that tested on {corpus}/{name}: {cause.problem}",
            "Run `xlser validate` to see which, and delete them.",
        ) from cause


def recall_percent(answers: Answers) -> list[float | None]:
    """Return the recall of each class over all seeds, percent; None where none is tested."""
    counts = answers.confusion
    pairs = zip(counts.diagonal().tolist(), counts.sum(axis=1).tolist(), strict=True)
    return [100 * right / tested if tested else None for right, tested in pairs]
