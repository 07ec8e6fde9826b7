"""The record of one run: what ran, on what, where, and every prediction."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce
from itertools import compress
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
    model_validator,
)
from pydantic_core import from_json

from xlser.errors import RecordError
from xlser.files import write_atomically
from xlser.metrics import Counts, Scores, confusion, score_confusion
from xlser.protocols import Labels
from xlser.records.levels import LEVELS, Levels, rows_off, sound, to_levels
from xlser.records.migrations import upgrade

SCHEMA = 3

ROUNDING = 1e-12
"""By which scores may differ: the order in which a machine adds them up."""


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
    """Distribution and version that the method comes from, or "not packaged"."""
    packaged: bool
    """Whether it is an installed method (an entry point) rather than a class of a session."""
    code: str
    """SHA-256 of the source of a class that is not packaged; empty for a packaged one."""
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
    """Names of the utterances, separated by single spaces."""
    emotion: Annotated[str, Field(pattern="^[0-9]+$")]
    """True class index of each utterance, one digit an utterance."""
    predicted: Annotated[str, Field(pattern="^[0-9]+$")]
    """Index of the most probable class of each utterance, one digit an utterance."""
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


class Record(_Frozen):
    """One run, self-contained: every figure can be computed again without a recording."""

    schema_version: Literal[3]
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
    classes: Annotated[tuple[str, ...], Field(max_length=10)]
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

    @model_validator(mode="after")
    def _predicts_each_corpus_once(self) -> Self:
        parts = [(part.role, part.corpus) for part in self.predictions]
        roles = [role for role, _ in parts]
        if len(set(parts)) < len(parts) or roles != sorted(roles, reverse=True):
            raise ValueError("predictions are not by corpus, each once, the target's first")
        return self

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

    def to_json(self) -> bytes:
        """Return the record as its file holds it; optional fields appear only where stated."""
        return (self.model_dump_json(indent=1, exclude_unset=True) + "\n").encode()

    def write(self, path: Path) -> None:
        """Write the record to `path`, whole or not at all."""
        write_atomically(path, self.to_json())

    @classmethod
    def parse(cls, path: Path) -> "Record":
        """Read a record, of this schema or an older one, and believe the figures it states.

        Raises:
            RecordError: not a record, or of a newer schema.
        """
        try:
            return cls.of_json(path.read_bytes())
        except (OSError, ValueError) as cause:
            raise no_record(path, cause) from cause

    @classmethod
    def of_json(cls, content: bytes) -> "Record":
        """Return the record that `content` holds, which may be of an older schema.

        Raises:
            ValueError: it holds none.
        """
        try:
            return cls.model_validate_json(content)
        except ValidationError:
            raw = from_json(content)
            older = upgrade(raw) if isinstance(raw, dict) else None
            if older is None:
                raise
        return cls.model_validate_json(json.dumps(older))

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
        except ValueError as cause:
            raise no_record(path, cause) from cause
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
        abs(scores.ua - stated[role].ua) < ROUNDING
        and abs(scores.accuracy - stated[role].accuracy) < ROUNDING
        for role, scores in computed.items()
    )


def no_record(path: Path, cause: Exception) -> RecordError:
    """Return the error for a file that holds no record."""
    return RecordError(
        f"{path} is not a record of schema {SCHEMA} or older: {cause}",
        "Update xlser if its schema is newer; else delete it and run it again, or get it anew.",
    )


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
