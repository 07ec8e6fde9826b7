"""The record of one run: what ran, on what, where, and every prediction."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import from_json

from xlser.errors import RecordError
from xlser.metrics import Scores
from xlser.protocols import Labels
from xlser.records.migrations import upgrade
from xlser.records.prediction import Frozen, Predictions, Role, score_predictions
from xlser.records.unlabelled import UnlabelledSpeech
from xlser.system.files import write_atomically

SCHEMA = 3

ROUNDING = 1e-12
"""By which scores may differ: the order in which a machine adds them up."""


class NewerSchemaError(ValueError):
    """A record of a schema that this version does not know."""


def _moment(text: str) -> str:
    """Return a time that is ISO 8601 with its offset from UTC."""
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("no time zone")
    return text


Memory = Literal["host", "device"]

Sandbox = Literal["namespaces", "bubblewrap", "none"]
"""What keeps an isolated method from files, network and other processes."""


class MethodStamp(Frozen):
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
    packaged_code: str | None = None
    """SHA-256 of the code of a packaged method; records made before it was introduced lack it."""

    @model_validator(mode="after")
    def _states_what_it_changed(self) -> Self:
        if unknown := [name for name in self.changed if name not in self.settings]:
            raise ValueError(f"changed settings that are not stated: {', '.join(unknown)}")
        return self


class BackboneStamp(Frozen):
    """Which backbone."""

    name: str
    """As registered."""
    weights: str
    """Git blob id of the weights, SHA-256 of the values of a model of the Hub or of a table of
    embeddings, "random" or "none"."""
    recipe: Mapping[str, Any] | None = None
    """How it makes an embedding, where its class may declare that anew: layer, length of pieces."""
    tuning: Mapping[str, Any] | None = None
    """How it is fine-tuned, where that is not the protocol's schedule."""


class Environment(Frozen):
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


_Share = Annotated[float, Field(ge=0, le=1)]


class EpochCurve(Frozen):
    """How well the source's validation speech was recognised after each epoch on target speech."""

    ua: Annotated[tuple[_Share, ...], Field(min_length=1)]
    """Mean of the recalls of the classes."""
    accuracy: Annotated[tuple[_Share, ...], Field(min_length=1)]
    """Share of utterances recognised."""

    @model_validator(mode="after")
    def _has_both_for_each_epoch(self) -> Self:
        if len(self.ua) != len(self.accuracy):
            raise ValueError("a curve of epochs lacks the UA or the accuracy of some")
        return self

    @property
    def best(self) -> int:
        """The epoch of the highest UA, the first of several, counted from 1."""
        return 1 + self.ua.index(max(self.ua))


class Record(Frozen):
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
    fold: int | None = None
    """Of the seed, where the protocol has several."""
    repeat: int
    """0 for the run that leaderboards show; others are the same run with other random draws."""
    draw: int | None = None
    """Of the labelled utterances, where it is not the protocol's: 1, 2, ..."""
    track: Literal["finetune", "frozen"]
    """Whether the backbone is trained."""
    backbone: BackboneStamp
    """What utterances are embedded by."""
    precision: Literal["fp32", "bf16"]
    """Arithmetic of training."""
    isolated: bool
    """Whether the method ran in a process that held nothing but its task."""
    sandbox: Sandbox | None = None
    """What that process was shut into; records made before it was introduced lack it."""
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
    unlabelled: UnlabelledSpeech | None = None
    """How unlabelled speech was used: pseudo-labels and source model against the true classes."""
    curve: EpochCurve | None = None
    """Of a method that was to look at each epoch (`keep=best`), as it stated it."""
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
            if not isinstance(raw, dict):
                raise
            stated = raw.get("schema_version")
            if isinstance(stated, int) and stated > SCHEMA:
                raise NewerSchemaError(f"it is of schema {stated}") from None
            if (older := upgrade(raw)) is None:
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
    if what := _what_else(path):
        return RecordError(
            f"{path} is not a record of schema {SCHEMA} or older: it {what}.",
            "Delete it and run it again, or put the record in its place.",
        )
    return RecordError(
        f"{path} is not a record of schema {SCHEMA} or older: {cause}",
        "Update xlser, which does not know it yet."
        if isinstance(cause, NewerSchemaError)
        else "Delete it and run it again, or get it anew.",
    )


_BEGINNINGS = {
    b"\x00\x05\x16\x07": "is an AppleDouble file, in which macOS keeps attributes of another",
    b"\xef\xbb\xbf": "begins with a byte-order mark: an editor saved it anew",
    b"\xff\xfe": "is text in UTF-16: an editor saved it anew",
    b"<<<<<<<": "holds the marks of a conflict of git",
    b"version https://git-lfs": "is a pointer of Git LFS: `git lfs pull` fetches the record",
    b"<": "is a web page or XML: a download ended at another page",
    b"\x1f\x8b": "is compressed by gzip",
    b"PK\x03\x04": "is a zip archive",
    b"PAR1": "is a Parquet file: give it the ending .parquet",
}


def _what_else(path: Path) -> str:
    """Return what a file of file services, editors or git is, in words; "" for a record."""
    if path.is_symlink() and not path.exists():
        return "is a link to nothing"
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(64)
    except OSError:
        return ""
    if size == 0:
        return "is empty: it was not written or not fetched to the end"
    if not any(head):
        return "holds zeros: it was not written or not fetched to the end"
    known = (words for begin, words in _BEGINNINGS.items() if head.startswith(begin))
    if words := next(known, ""):
        return words
    return "holds the marks of a conflict of git" if b"\n<<<<<<< " in head else ""
