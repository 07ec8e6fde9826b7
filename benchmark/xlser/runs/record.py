"""The record of one run: what ran, on what, where, and every prediction."""

import base64
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError, field_serializer

from xlser.errors import RecordError
from xlser.files import write_atomically
from xlser.protocols import Counts, Labels, Scores, score_confusion

SCHEMA = 1

_ROUNDING = 1e-12

Role = Literal["target", "source"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MethodStamp(_Frozen):
    """Which method ran.

    Attributes:
        name: as registered.
        package: and version it comes from.
        target_labels: those it is handed.
        settings: all of them.
        changed: names of those that differ from the defaults.
    """

    name: str
    package: str
    target_labels: Literal["none", "few", "all"]
    settings: Mapping[str, Any]
    changed: tuple[str, ...] = ()


class BackboneStamp(_Frozen):
    """Which backbone: its name, and its weights' git blob id, "random" or "none"."""

    name: str
    weights: str


class Environment(_Frozen):
    """With what and where a run was made."""

    packages: Mapping[str, str]
    python: str
    system: str
    processor: str
    device: str
    threads: int


class Predictions(_Frozen):
    """What was predicted for the test utterances of one corpus.

    Attributes:
        corpus: its name.
        role: whether its language is the target or the source.
        utterances: their names, separated by spaces.
        emotion: true class index of each, one digit an utterance.
        probabilities: little-endian float16, row-major, shape (utterances, classes); in the file
            as base64.
    """

    model_config = ConfigDict(val_json_bytes="base64")

    corpus: str
    role: Role
    utterances: str
    emotion: str
    probabilities: bytes

    @field_serializer("probabilities", when_used="json")
    def _in_base64(self, raw: bytes) -> str:
        return base64.b64encode(raw).decode("ascii")

    @classmethod
    def of(
        cls,
        corpus: str,
        role: Role,
        names: Sequence[str],
        emotion: Sequence[int],
        probabilities: npt.NDArray[np.float32],
    ) -> "Predictions":
        """Pack predictions, shape (utterances, classes)."""
        return cls(
            corpus=corpus,
            role=role,
            utterances=" ".join(names),
            emotion="".join(map(str, emotion)),
            probabilities=probabilities.astype("<f2").tobytes(),
        )

    @property
    def names(self) -> list[str]:
        """Names of the utterances."""
        return self.utterances.split()

    @property
    def truth(self) -> npt.NDArray[np.int64]:
        """True class indices, shape (utterances,)."""
        return _digits(self.emotion).astype(np.int64)

    @property
    def matrix(self) -> npt.NDArray[np.float32]:
        """Probabilities, shape (utterances, classes)."""
        return _half_precision(self.probabilities, len(self.emotion)).astype(np.float32)


def _digits(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode("ascii"), dtype=np.uint8) - np.uint8(ord("0"))


def _half_precision(raw: bytes, utterances: int) -> npt.NDArray[np.float16]:
    return np.frombuffer(raw, dtype="<f2").reshape(utterances, -1)


class Record(_Frozen):
    """One run, self-contained: every figure can be computed again without a recording.

    Attributes:
        schema_version: of this form.
        key: digest of all that defines the run (`identity`); part of the file's name.
        protocol: name of the protocol.
        protocol_version: of its frozen data.
        protocol_digest: of its frozen data.
        scenario: digest of who trained, who was labelled, who was tested.
        method: what ran.
        target: language.
        labels: label budget.
        seed: of the run.
        track: "finetune" or "frozen".
        backbone: and its weights.
        precision: of training.
        classes: emotions in the order of the class indices.
        source_corpora: those that trained.
        absent_corpora: those of the protocol's source that were not there; any makes the run
            partial.
        excluded: utterances left out at the user's word, by corpus; any makes the run partial.
        corpora: content digest of each corpus used.
        source_figure: how the source is scored (see `Protocol`).
        scores: figures by role, 0 to 1.
        predictions: by test corpus.
        started: UTC, ISO 8601.
        seconds: spent by "fit" and "predict", and by the training of the shared "source model",
            whichever run trained it.
        environment: with what and where.
    """

    schema_version: Literal[1]
    key: str
    protocol: str
    protocol_version: int
    protocol_digest: str
    scenario: str
    method: MethodStamp
    target: str
    labels: Labels
    seed: int
    track: Literal["finetune", "frozen"]
    backbone: BackboneStamp
    precision: Literal["fp32", "bf16"]
    classes: tuple[str, ...]
    source_corpora: tuple[str, ...]
    absent_corpora: tuple[str, ...]
    excluded: Mapping[str, tuple[str, ...]]
    corpora: Mapping[str, str]
    source_figure: Literal["pooled", "mean over corpora"]
    scores: Mapping[Role, Scores]
    predictions: tuple[Predictions, ...]
    started: str
    seconds: Mapping[str, float]
    environment: Environment

    @property
    def complete(self) -> bool:
        """Whether all of the protocol's source and every utterance took part."""
        return not self.absent_corpora and not self.excluded

    def of_role(self, role: Role) -> list[Predictions]:
        """Return the predictions for the target's or the source's test corpora."""
        return [p for p in self.predictions if p.role == role]

    def rescored(self) -> dict[Role, Scores]:
        """Compute the figures again from the predictions."""
        return score_predictions(self.predictions, len(self.classes), self.source_figure)

    def write(self, path: Path) -> None:
        """Write the record to `path`, whole or not at all."""
        write_atomically(path, (self.model_dump_json(indent=1) + "\n").encode())

    @classmethod
    def parse(cls, path: Path) -> "Record":
        """Read a record and believe the figures it states.

        Raises:
            RecordError: not a record, or of another schema.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as cause:
            raise _no_record(path, cause) from cause

    @classmethod
    def read(cls, path: Path) -> "Record":
        """Read a record and hold its stated figures against its predictions.

        Raises:
            RecordError: not a record, of another schema, or its figures are not those of its
                predictions.
        """
        record = cls.parse(path)
        try:
            rescored = record.rescored()
        except (ValueError, IndexError) as cause:
            raise _no_record(path, cause) from cause
        if not _agree(rescored, record.scores):
            raise RecordError(
                f"{path} states figures that its predictions do not give: {dict(record.scores)}, "
                f"computed again {rescored}.",
                "Delete it and run it again; a record is never edited.",
            )
        return record


def _agree(computed: Mapping[Role, Scores], stated: Mapping[Role, Scores]) -> bool:
    """Compare figures up to the order in which a machine adds them up."""
    return computed.keys() == stated.keys() and all(
        abs(scores.ua - stated[role].ua) < _ROUNDING
        and abs(scores.accuracy - stated[role].accuracy) < _ROUNDING
        for role, scores in computed.items()
    )


def _no_record(path: Path, cause: Exception) -> RecordError:
    return RecordError(
        f"{path} is not a record of schema {SCHEMA}: {cause}",
        "Delete it and run it again, or get it anew.",
    )


def score_predictions(
    predictions: Sequence[Predictions], classes: int, source_figure: str
) -> dict[Role, Scores]:
    """Return the figures of each role.

    The target's corpora are pooled. The source's are pooled or averaged, as the protocol says.

    Raises:
        ValueError: the predictions are not of so many classes, or not of their utterances.
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
    """Count the utterances of each corpus by true and by predicted class.

    numpy is called for all corpora at once: thousands of records are read for a page.
    """
    emotions = "".join([part.emotion for part in predictions])
    raw = b"".join([part.probabilities for part in predictions])
    known = "".join(map(str, range(classes)))
    of_their_utterances = all(
        len(part.probabilities) == 2 * classes * len(part.emotion) for part in predictions
    )
    if not of_their_utterances or emotions.strip(known):
        raise ValueError(f"its predictions are not of {classes} classes an utterance")
    predicted = _half_precision(raw, len(emotions)).argmax(axis=1)
    cells = predicted + classes * _digits(emotions)
    counts = []
    for part in predictions:
        of_corpus, cells = cells[: len(part.emotion)], cells[len(part.emotion) :]
        counts.append(np.bincount(of_corpus, minlength=classes**2).reshape(classes, classes))
    return counts
