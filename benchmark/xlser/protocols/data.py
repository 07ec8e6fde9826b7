"""What a protocol's manifest states, field by field."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from xlser.audio import FrontEnd
from xlser.corpora import Utterance
from xlser.protocols.published import group_of
from xlser.stated import Stated
from xlser.system.files import digest_json


class Split(BaseModel):
    """Speakers of one corpus under one seed (or what stands for speakers, see `grouped_by`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


class Schedule(Stated):
    """How long and how fast every method trains (defaults: Agarla et al. 2022, Section 5.2.1).

    Attributes:
        epochs: of each stage.
        batch: utterances.
        learning_rate: of Adam, at the start.
        decay: factor on the learning rate ...
        decay_every: ... after each so many epochs.
        crop: frames of a training crop.
    """

    always_stated: ClassVar[frozenset[str]] = frozenset(
        {"epochs", "batch", "learning_rate", "decay", "decay_every", "crop"}
    )

    epochs: int = Field(default=100, gt=0)
    batch: int = Field(default=100, gt=0)
    learning_rate: float = Field(default=1e-3, gt=0)
    decay: float = Field(default=0.95, gt=0)
    decay_every: int = Field(default=10, gt=0)
    crop: int = Field(default=200, gt=0)


class Bounds(BaseModel):
    """Methods between which the others are expected, by role.

    Attributes:
        lower: trains on the source alone.
        upper: trains on all target labels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lower: str | None = None
    upper: str | None = None


class Presentation(BaseModel):
    """What pages and defaults need to know of a protocol; no run depends on it.

    Attributes:
        reference: the method with which others are compared.
        bounds: methods between which the others are expected.
        backbone: the backbone of runs that name none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reference: str | None = None
    bounds: Bounds = Bounds()
    backbone: str | None = None


class ProtocolData(Stated):
    """The fields of a protocol; `xlser.protocols.Protocol` checks that they fit together.

    Attributes:
        name: "v1", "demo", ...
        version: of the frozen data.
        about: one sentence for listings.
        classes: emotions, in the order of class indices.
        ranks: whether its scores rank methods, or only stand beside others.
        headline: name of the metric that comes first, and that ranks.
        source_figure: the source is scored over the pooled test utterances of its corpora, or as
            the mean over its corpora.
        source: language of the labelled corpora.
        languages: corpora of each language.
        seeds: every run is repeated under each.
        budgets: label budgets, ascending.
        schedule: of training.
        frontend: of the log-mel spectrograms, for backbones that have none of their own.
        splits: by corpus, one a seed.
        grouped_by: corpora whose split is not over speakers but over these characters
            (start, stop) of the utterance's name. Speakers of such a corpus may be in several
            roles; it is for repeating a published split that has this flaw.
        labelling: by target corpus, one list a seed: names of train utterances in the order in
            which they are labelled; a budget of k takes the first k (corpora of one language take
            turns), so budgets are nested.
        presentation: reference, bounds and defaults; outside the digest.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")  # names the folder of results
    version: int = Field(gt=0)
    about: str
    classes: tuple[str, ...] = Field(min_length=2)
    ranks: bool
    headline: str
    source_figure: Literal["pooled", "mean over corpora"]
    source: str
    languages: Mapping[str, tuple[str, ...]]
    seeds: tuple[int, ...] = Field(min_length=1)
    budgets: tuple[int, ...] = Field(min_length=1)
    schedule: Schedule
    frontend: FrontEnd
    splits: Mapping[str, tuple[Split, ...]]
    grouped_by: Mapping[str, tuple[int, int]]
    labelling: Mapping[str, tuple[tuple[str, ...], ...]]
    presentation: Presentation = Presentation()

    @property
    def targets(self) -> tuple[str, ...]:
        """Languages that may be the target."""
        return tuple(language for language in self.languages if language != self.source)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the stated values without `presentation`, in hex."""
        return digest_json(without_presentation(self.stated()))

    def group_of(self, utterance: Utterance) -> str:
        """Return what the split of the utterance's corpus goes by: its speaker, as a rule."""
        characters = self.grouped_by.get(utterance.corpus)
        return group_of(utterance.name, utterance.speaker, characters)


def without_presentation(stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the digest of a protocol covers of its stated values."""
    return {name: value for name, value in stated.items() if name not in ("presentation", "digest")}
