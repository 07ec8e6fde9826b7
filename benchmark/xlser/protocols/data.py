"""What a protocol's manifest states, field by field."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from xlser.audio import FrontEnd
from xlser.corpora import Utterance
from xlser.errors import InvalidProtocolError, UnknownNameError
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
        steps: batches of each stage, whatever the speech there is; an epoch is then
            steps / epochs batches. Without it an epoch goes through all speech of the stage once.

    Raises:
        InvalidProtocolError: steps is no multiple of epochs.
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
    steps: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _whole_epochs(self) -> Self:
        if self.steps is not None and self.steps % self.epochs:
            raise InvalidProtocolError(
                f"schedule: steps is {self.steps}, no multiple of epochs, {self.epochs}.",
                "An epoch has steps / epochs batches: choose steps or epochs so that it is whole.",
            )
        return self

    def batches_an_epoch(self, once: int) -> int:
        """Return the batches of an epoch.

        Args:
            once: batches that go through all speech of the stage once.
        """
        return once if self.steps is None else self.steps // self.epochs


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
        notes: what results under the protocol do not show, a sentence or two each.
        headline_budgets: label budgets whose mean comes first on pages, where the protocol states
            no headline over several.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reference: str | None = None
    bounds: Bounds = Bounds()
    backbone: str | None = None
    notes: tuple[str, ...] = ()
    headline_budgets: tuple[int, ...] = ()


class ProtocolData(Stated):
    """The fields of a protocol; `xlser.protocols.Protocol` checks that they fit together.

    Attributes:
        name: "v1", "demo", ...
        version: of the frozen data; 0 for a draft, which may change.
        about: one sentence for listings.
        classes: emotions, in the order of class indices.
        ranks: whether its scores rank methods, or only stand beside others.
        headline: name of the metric that comes first, and that ranks.
        source_figure: the source is scored over the pooled test utterances of its corpora, or as
            the mean over its corpora.
        source: language of the labelled corpora.
        sources: their languages, in place of `source` where there are several; empty for none,
            where methods train on the target's speech alone.
        languages: corpora of each language; every one that is no source is a target.
        seeds: every run is repeated under each.
        budgets: label budgets, ascending; none where there is no source and only methods that
            take all labels run.
        schedule: of training.
        frontend: of the log-mel spectrograms, for backbones that have none of their own.
        splits: by corpus, one per seed.
        folds: runs of a seed, each of which tests other speakers of the target.
        fold_speakers: by target corpus, in place of its splits where there are folds: for each
            seed the speakers of each fold. A fold is tested by what trains on the others.
        grouped_by: corpora whose split is not over speakers but over these characters
            (start, stop) of the utterance's name. Speakers of such a corpus may be in several
            roles; it is for repeating a published split that has this flaw.
        labelling: by target corpus, one list per seed: names of train utterances in the order in
            which they are labelled; a budget of k takes the first k (corpora of one language take
            turns), so budgets are nested. Where there are folds, one list per fold: those of the
            first seed, then those of the next.
        labelling_rule: how labelling was drawn: with classes in turn, or at random.
        target_classes: classes of targets whose corpora do not have all of `classes`.
        label_map: by corpus, emotions that stand for a class: emotion -> class.
        headline_budgets: label budgets whose mean comes first; empty for the largest budget alone.
        utterances: by corpus without a published list, the SHA-256 of its utterances.
        presentation: reference, bounds and defaults; outside the digest.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")  # names the folder of results
    version: int = Field(ge=0)
    about: str
    classes: tuple[str, ...] = Field(min_length=2)
    ranks: bool
    headline: str
    source_figure: Literal["pooled", "mean over corpora"]
    source: str = ""
    sources: tuple[str, ...] = ()
    languages: Mapping[str, tuple[str, ...]]
    seeds: tuple[int, ...] = Field(min_length=1)
    budgets: tuple[int, ...]
    schedule: Schedule
    frontend: FrontEnd
    splits: Mapping[str, tuple[Split, ...]]
    folds: int = Field(default=1, gt=0)
    fold_speakers: Mapping[str, tuple[tuple[tuple[str, ...], ...], ...]] = {}
    grouped_by: Mapping[str, tuple[int, int]]
    labelling: Mapping[str, tuple[tuple[str, ...], ...]]
    labelling_rule: Literal["balanced", "random"] = "balanced"
    target_classes: Mapping[str, tuple[str, ...]] = {}
    label_map: Mapping[str, Mapping[str, str]] = {}
    headline_budgets: tuple[int, ...] = ()
    utterances: Mapping[str, str] = {}
    presentation: Presentation = Presentation()

    @property
    def source_languages(self) -> tuple[str, ...]:
        """Languages of the labelled corpora."""
        return self.sources or ((self.source,) if self.source else ())

    @property
    def source_title(self) -> str:
        """The source languages in words: "English + German"."""
        return " + ".join(language.capitalize() for language in self.source_languages)

    @property
    def source_corpora(self) -> tuple[str, ...]:
        """The labelled corpora."""
        known = self.languages
        return tuple(c for language in self.source_languages for c in known.get(language, ()))

    def domains(self, ids: Sequence[str]) -> list[int] | None:
        """Return the number of the language of source utterances; None unless there are several."""
        languages = self.source_languages
        if len(languages) < 2:
            return None
        index = {c: i for i, each in enumerate(languages) for c in self.languages[each]}
        return [index[id_.partition("/")[0]] for id_ in ids]

    @property
    def targets(self) -> tuple[str, ...]:
        """Languages that may be the target."""
        sources = self.source_languages
        return tuple(language for language in self.languages if language not in sources)

    def corpora_of(self, target: str) -> tuple[str, ...]:
        """Return the corpora of a target language.

        Raises:
            UnknownNameError: no such target.
        """
        if target not in self.targets:
            raise UnknownNameError(f"target language of {self.name}", target, self.targets)
        return self.languages[target]

    @property
    def cells(self) -> tuple[tuple[int, int], ...]:
        """Every seed with every fold."""
        return tuple((seed, fold) for seed in self.seeds for fold in range(self.folds))

    def classes_of(self, target: str) -> tuple[str, ...]:
        """Return the classes of a target, in the order of its class indices."""
        return self.target_classes.get(target, self.classes)

    @property
    def first_budgets(self) -> tuple[int, ...]:
        """The label budgets whose mean comes first; empty for the largest budget alone."""
        shown = self.presentation.headline_budgets
        return self.headline_budgets or tuple(each for each in shown if each in self.budgets)

    def read_emotions(self, corpus: str) -> tuple[str, ...]:
        """Return the emotions of a corpus that are a class or stand for one."""
        return (*self.classes, *self.label_map.get(corpus, {}))

    def emotion_of(self, corpus: str, emotion: str) -> str:
        """Return the class that an emotion of a corpus stands for: as a rule itself."""
        return self.label_map.get(corpus, {}).get(emotion, emotion)

    def split_of(self, corpus: str, seed: int, fold: int = 0) -> Split:
        """Return who trains, validates and is tested; a source corpus is split by seed alone.

        Args:
            corpus: name.
            seed: of the protocol.
            fold: of the seed.
        """
        place = self.seeds.index(seed)
        if corpus not in self.fold_speakers:
            return self.splits[corpus][place]
        groups = self.fold_speakers[corpus][place]
        train = sorted(s for i, group in enumerate(groups) if i != fold for s in group)
        return Split(train=tuple(train), validation=(), test=groups[fold])

    def each_split(self) -> Iterator[tuple[str, int, Split]]:
        """Yield each corpus that is not in folds, and each seed, with the split."""
        for corpus, splits in self.splits.items():
            for seed, split in zip(self.seeds, splits, strict=True):
                yield corpus, seed, split

    def each_division(self) -> Iterator[tuple[str, int, tuple[tuple[str, ...], ...]]]:
        """Yield each corpus in folds, and each seed, with the speakers of the folds."""
        for corpus, divisions in self.fold_speakers.items():
            for seed, groups in zip(self.seeds, divisions, strict=True):
                yield corpus, seed, groups

    def order_of(self, corpus: str, seed: int, fold: int = 0) -> tuple[str, ...]:
        """Return the train utterances of a target corpus in the order of labelling.

        Args:
            corpus: name.
            seed: of the protocol.
            fold: of the seed.
        """
        return self.labelling[corpus][self.seeds.index(seed) * self.folds + fold]

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
