"""Predictions for test utterances: their form in a record, their levels and their scores."""

import base64
from collections.abc import Sequence
from functools import reduce
from itertools import compress
from statistics import fmean
from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, field_serializer, model_validator

from xlser.metrics import Counts, Scores, confusion, score_confusion

Role = Literal["target", "source"]

LEVELS = 255
"""Sum of the levels of an utterance."""

_NOT_ONE = 4e-3  # by which five probabilities of float16 may miss a sum of one

Levels = npt.NDArray[np.uint8]
"""Level of each class, shape (utterances, classes); each row sums to `LEVELS`."""


def sound(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Return which rows are finite, not negative and sum to 1.

    Args:
        probabilities: shape (utterances, classes).

    Returns:
        shape (utterances,).
    """
    values = probabilities.astype(np.float64)
    with np.errstate(invalid="ignore"):
        one = np.abs(values.sum(axis=1) - 1) <= _NOT_ONE
        finite = np.isfinite(values).all(axis=1) & (values >= 0).all(axis=1)
    return np.asarray(finite & one)


def to_levels(probabilities: npt.NDArray[np.floating]) -> Levels:
    """Round probabilities to levels that sum to exactly 255, by the largest remainder.

    Each class gets the whole part of 255 times its probability; what is left of 255 goes to the
    classes of the largest remainders, one level each, in class order among equal ones. So a more
    probable class never has a lower level, and the first of the largest has the highest.

    Args:
        probabilities: shape (utterances, classes); each row is sound.

    >>> to_levels(np.array([[0.5, 0.5, 0.0], [0.1, 0.2, 0.7]])).tolist()
    [[128, 127, 0], [26, 51, 178]]
    """
    values = probabilities.astype(np.float64)
    share = LEVELS * (values / values.sum(axis=1, keepdims=True))
    whole = np.floor(share)
    left = LEVELS - whole.sum(axis=1, keepdims=True)
    order = np.argsort(whole - share, axis=1, kind="stable")  # largest remainder first
    rank = np.argsort(order, axis=1, kind="stable")
    levels: Levels = (whole + (rank < left)).astype(np.uint8)
    return levels


def rows_off(levels: Levels, predicted: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Return which rows do not sum to 255, or predict a class that is not at their maximum.

    Args:
        levels: shape (utterances, classes).
        predicted: class index of each utterance, shape (utterances,).

    Returns:
        shape (utterances,).
    """
    chosen = np.take_along_axis(levels, predicted[:, None].astype(np.intp), axis=1)[:, 0]
    sums = levels.sum(axis=1, dtype=np.uint16)
    off: npt.NDArray[np.bool_] = (sums != LEVELS) | (chosen != levels.max(axis=1))
    return off


class Frozen(BaseModel):
    """Data that is never edited, and described field by field."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        ser_json_inf_nan="constants",  # of settings, which may be anything
    )


class Predictions(Frozen):
    """What was predicted for the test utterances of one corpus."""

    model_config = ConfigDict(val_json_bytes="base64")

    corpus: str
    """Name of the corpus."""
    role: Role
    """Whether its language is the target or the source."""
    utterances: str
    """Names of the utterances, separated by single spaces."""
    emotion: Annotated[str, Field(pattern="^[0-9]+$")]
    """True class index of each utterance, one digit per utterance."""
    predicted: Annotated[str, Field(pattern="^[0-9]+$")]
    """Index of the most probable class of each utterance, one digit per utterance."""
    levels: bytes = b""
    """Only for the target: probability of each class for each utterance in 255ths, a byte each,
    row-major, shape (utterances, classes); each row sums to 255. In the file as base64."""

    @field_serializer("levels", when_used="json")
    def _in_base64(self, raw: bytes) -> str:
        return base64.b64encode(raw).decode("ascii")

    @model_validator(mode="after")
    def _is_of_its_utterances(self) -> Self:
        names = self.utterances.split()
        if " ".join(names) != self.utterances or "/" in self.corpus or not self.corpus.strip():
            raise ValueError("utterances are not names separated by single spaces, of a corpus")
        if not len(names) == len(self.emotion) == len(self.predicted):
            raise ValueError(
                f"{len(self.emotion)} emotions and {len(self.predicted)} predictions for "
                f"{len(names)} names of {self.corpus}"
            )
        if ("levels" in self.model_fields_set) != (self.role == "target"):
            raise ValueError("levels are stated for the target, and for the target alone")
        if self.role == "target":
            self._require_levels(len(names))
        return self

    def _require_levels(self, utterances: int) -> None:
        classes, rest = divmod(len(self.levels), utterances)
        if rest or classes <= self.prediction.max():
            raise ValueError(f"the levels of {self.corpus} are not of a number of classes")
        if (off := rows_off(self.level_matrix, self.prediction)).any():
            named = list(compress(self.names, off))
            raise ValueError(
                f"the levels of {len(named)} utterances of {self.corpus} do not sum to 255 with "
                f"the largest at the predicted class: {', '.join(named[:3])}"
            )

    @classmethod
    def of(
        cls,
        corpus: str,
        role: Role,
        names: Sequence[str],
        emotion: Sequence[int],
        probabilities: npt.NDArray[np.floating],
    ) -> "Predictions":
        """Pack predictions.

        Args:
            corpus: name.
            role: of its language.
            names: of the utterances.
            emotion: true class index of each.
            probabilities: shape (utterances, classes), each row >= 0 with a sum of 1.

        Raises:
            ValueError: probabilities that are none.
        """
        if not sound(probabilities).all():
            raise ValueError(f"probabilities of {corpus} that are not >= 0 with a sum of 1")
        levels = {"levels": to_levels(probabilities).tobytes()} if role == "target" else {}
        return cls(
            corpus=corpus,
            role=role,
            utterances=" ".join(names),
            emotion="".join(map(str, emotion)),
            predicted="".join(map(str, probabilities.argmax(axis=1))),
            **levels,
        )

    @property
    def names(self) -> list[str]:
        """Names of the utterances."""
        return self.utterances.split()

    @property
    def truth(self) -> npt.NDArray[np.int64]:
        """True class indices, shape (utterances,)."""
        return digits(self.emotion).astype(np.int64)

    @property
    def prediction(self) -> npt.NDArray[np.int64]:
        """Predicted class indices, shape (utterances,)."""
        return digits(self.predicted).astype(np.int64)

    @property
    def level_matrix(self) -> Levels:
        """Levels of the target, shape (utterances, classes)."""
        return np.frombuffer(self.levels, dtype=np.uint8).reshape(len(self.emotion), -1)

    @property
    def matrix(self) -> npt.NDArray[np.float32]:
        """Probabilities in steps of 1/255, shape (utterances, classes); of the target alone.

        Raises:
            ValueError: of the source, whose probabilities are not kept.
        """
        if self.role == "source":
            raise ValueError(f"a record keeps no probabilities of {self.corpus}, only predictions")
        return self.level_matrix.astype(np.float32) / np.float32(LEVELS)


def digits(text: str) -> npt.NDArray[np.uint8]:
    """Return the value of each digit of a text, shape (digits,)."""
    return np.frombuffer(text.encode("ascii"), dtype=np.uint8) - np.uint8(ord("0"))


def score_predictions(
    predictions: Sequence[Predictions], classes: int, source_figure: str
) -> dict[Role, Scores]:
    """Return the figures of each role.

    Args:
        predictions: by corpus. The target's corpora are pooled.
        classes: how many there are.
        source_figure: whether the source's corpora are "pooled" or it is a "mean over corpora".

    Raises:
        ValueError: the predictions are not of so many classes.
    """
    by_role: dict[Role, list[Counts]] = {}
    for part, counts in zip(predictions, _confusions(predictions, classes), strict=True):
        by_role.setdefault(part.role, []).append(counts)
    scores: dict[Role, Scores] = {}
    for role, of_corpora in by_role.items():
        if role == "source" and source_figure == "mean over corpora":
            each = [score_confusion(counts) for counts in of_corpora]
            scores[role] = Scores(fmean([s.ua for s in each]), fmean([s.accuracy for s in each]))
        else:
            scores[role] = score_confusion(reduce(np.add, of_corpora))
    return scores


def _confusions(predictions: Sequence[Predictions], classes: int) -> list[Counts]:
    """Count the utterances of each corpus by true and by predicted class."""
    counts = []
    for part in predictions:
        off = part.role == "target" and len(part.levels) != classes * len(part.emotion)
        truth, predicted = part.truth, part.prediction
        if off or max(truth.max(), predicted.max()) >= classes:
            raise ValueError(f"its predictions are not of {classes} classes an utterance")
        counts.append(confusion(truth, predicted, classes))
    return counts
