"""The record of one run: what ran, on what, where, and every prediction."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    ValidationError,
    field_serializer,
    model_validator,
)

from xlser.errors import RecordError
from xlser.files import write_atomically
from xlser.metrics import Counts, Scores, score_confusion
from xlser.protocols import Labels
from xlser.records.migrations import upgraded

SCHEMA = 2

_ROUNDING = 1e-12


def _moment(text: str) -> str:
    """Return a time that is ISO 8601 with its offset from UTC."""
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("no time zone")
    return text


Role = Literal["target", "source"]
Memory = Literal["host", "device"]


class _Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        ser_json_inf_nan="constants",  # of settings, which may be anything
    )


class MethodStamp(_Frozen):
    """Which method ran."""

    name: str
    """As registered."""
    package: str
    """Distribution and version that the method comes from."""
    target_labels: Literal["none", "few", "all"]
    """Those the method is handed."""
    settings: Mapping[str, Any]
    """All of them."""
    changed: tuple[str, ...]
    """Names of the settings that differ from the defaults."""

    @model_validator(mode="after")
    def _states_what_it_changed(self) -> Self:
        if unknown := [name for name in self.changed if name not in self.settings]:
            raise ValueError(f"changed settings that are not stated: {', '.join(unknown)}")
        return self


class BackboneStamp(_Frozen):
    """Which backbone."""

    name: str
    """As registered."""
    weights: str
    """Git blob id of the weights, "random" or "none"."""


class Environment(_Frozen):
    """With what and where a run was made."""

    packages: Mapping[str, str]
    """Versions of the packages that results depend on, "absent" for one that is not installed."""
    git: Mapping[str, str]
    """Commit, by package, of those that ran from a checkout; "with changes" behind it where tracked
    files were not as committed."""
    python: str
    """Version."""
    system: str
    """Operating system and architecture."""
    processor: str
    """Model name."""
    device: str
    """"cpu", or the GPU's name."""
    threads: int
    """Of torch."""


class Predictions(_Frozen):
    """What was predicted for the test utterances of one corpus."""

    model_config = ConfigDict(val_json_bytes="base64")

    corpus: str
    """Name of the corpus."""
    role: Role
    """Whether its language is the target or the source."""
    utterances: str
    """Names of the utterances, separated by spaces."""
    emotion: str
    """True class index of each utterance, one digit an utterance."""
    probabilities: bytes
    """Of each class for each utterance: little-endian float16, row-major, shape (utterances,
    classes); in the file as base64."""

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
    """One run, self-contained: every figure can be computed again without a recording."""

    schema_version: Literal[2]
    """Of this form."""
    key: str
    """SHA-256, in hex, of all that defines the run; its first 8 digits are in the file's name."""
    protocol: str
    """Name of the protocol."""
    protocol_version: int
    """Of the protocol's manifest."""
    protocol_digest: str
    """SHA-256 of the protocol's manifest."""
    scenario: str
    """SHA-256 of who trained, who was labelled, who was tested."""
    method: MethodStamp
    """What ran."""
    target: str
    """Language to be recognised."""
    labels: Labels
    """Label budget."""
    seed: int
    """Of the protocol."""
    repeat: int
    """0 for the run that leaderboards show; others are the same run with other random draws."""
    track: Literal["finetune", "frozen"]
    """Whether the backbone is trained."""
    backbone: BackboneStamp
    """What utterances are embedded by."""
    precision: Literal["fp32", "bf16"]
    """Arithmetic of training."""
    isolated: bool
    """Whether the method ran in a process that held nothing but its task."""
    classes: tuple[str, ...]
    """Emotions in the order of the class indices."""
    source_corpora: tuple[str, ...]
    """Those that trained."""
    absent_corpora: tuple[str, ...]
    """Those of the protocol's source that were not there; any makes the run partial."""
    excluded: Mapping[str, tuple[str, ...]]
    """Utterances left out at the user's word, by corpus; any makes the run partial."""
    corpora: Mapping[str, str]
    """SHA-256 over the recordings of each corpus used."""
    source_figure: Literal["pooled", "mean over corpora"]
    """How the source is scored."""
    scores: Mapping[Role, Scores]
    """Figures by role, 0 to 1."""
    predictions: tuple[Predictions, ...]
    """By test corpus."""
    started: Annotated[str, AfterValidator(_moment)]
    """UTC, ISO 8601."""
    seconds: Mapping[str, float]
    """Spent by "fit" and "predict", and by the training of the shared "source model", whichever run
    trained it."""
    peak_memory: Mapping[Memory, int]
    """MiB at most held by the method's process, and on the GPU where there is one."""
    environment: Environment
    """With what and where."""

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
        """Read a record, of this schema or an older one, and believe the figures it states.

        Raises:
            RecordError: not a record, or of a newer schema.
        """
        try:
            return cls.of_json(path.read_bytes())
        except (OSError, ValueError) as cause:
            raise _no_record(path, cause) from cause

    @classmethod
    def of_json(cls, content: bytes) -> "Record":
        """Return the record that `content` holds, which may be of an older schema.

        Raises:
            ValueError: it holds none.
        """
        try:
            return cls.model_validate_json(content)
        except ValidationError:
            older = upgraded(content)
            if older is None:
                raise
        return cls.model_validate_json(older)

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
        0 < len(part.probabilities) == 2 * classes * len(part.emotion) for part in predictions
    )
    if classes > 10 or not of_their_utterances or emotions.strip(known):
        raise ValueError(f"its predictions are not of {classes} classes an utterance")
    predicted = _half_precision(raw, len(emotions)).argmax(axis=1)
    cells = predicted + classes * _digits(emotions)
    counts = []
    for part in predictions:
        of_corpus, cells = cells[: len(part.emotion)], cells[len(part.emotion) :]
        counts.append(np.bincount(of_corpus, minlength=classes**2).reshape(classes, classes))
    return counts
