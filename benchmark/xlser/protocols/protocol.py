"""A protocol: frozen data that says who trains, who is labelled and who is tested."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict

from xlser.audio import FrontEnd
from xlser.corpora import Utterance
from xlser.errors import ProtocolError, UnknownNameError
from xlser.files import digest_json

Labels = int | Literal["all"]
"""Label budget: utterances of the target's train speakers whose emotion is known, or all."""

Catalogue = Mapping[str, Sequence[Utterance]]
"""The utterances at hand, by corpus."""


class Split(BaseModel):
    """Speakers of one corpus under one seed (or what stands for speakers, see `grouped_by`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


class Schedule(BaseModel):
    """How long every method trains; the same for all (facts of Section 5.2.1 for the paper's).

    Attributes:
        epochs: of each stage.
        batch: utterances.
        learning_rate: of Adam, at the start.
        decay: factor on the learning rate ...
        decay_every: ... after each so many epochs.
        crop: frames of a training crop.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = 100
    batch: int = 100
    learning_rate: float = 1e-3
    decay: float = 0.95
    decay_every: int = 10
    crop: int = 200


@dataclass(frozen=True)
class Scenario:
    """One cell of the benchmark: utterance ids by role, in an order that tells nothing.

    Attributes:
        protocol: name of the protocol.
        version: of the protocol.
        source: language of the labelled corpora.
        target: language to be recognised.
        labels: the label budget.
        seed: 0, 1, ...
        classes: emotions, in the order of class indices.
        source_corpora: those used.
        absent_corpora: those the protocol names for the source and the catalogue lacks.
        emotion: class index of every id below.
        source_train: ids.
        source_validation: ids; empty for corpora of two speakers.
        source_test: ids.
        target_labelled: ids, in the protocol's order of labelling.
        target_unlabelled: ids.
        target_test: ids.
    """

    protocol: str
    version: int
    source: str
    target: str
    labels: Labels
    seed: int
    classes: tuple[str, ...]
    source_corpora: tuple[str, ...]
    absent_corpora: tuple[str, ...]
    emotion: Mapping[str, int]
    source_train: tuple[str, ...]
    source_validation: tuple[str, ...]
    source_test: tuple[str, ...]
    target_labelled: tuple[str, ...]
    target_unlabelled: tuple[str, ...]
    target_test: tuple[str, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all of the above, in hex."""
        return digest_json({name: getattr(self, name) for name in self.__dataclass_fields__})


class Protocol(BaseModel):
    """A protocol as its manifest states it; changing anything in it is a new version.

    Attributes:
        name: "v1", "agarla2022", ...
        version: of the frozen data.
        about: one sentence for listings.
        classes: emotions, in the order of class indices.
        ranks: whether its figures rank methods, or only stand beside others.
        headline: name of the metric that comes first, and that ranks.
        source_figure: English is scored over the pooled test utterances of its corpora, or as the
            mean over its corpora.
        source: language of the labelled corpora.
        languages: corpora of each language.
        seeds: every run is repeated under each.
        budgets: label budgets.
        schedule: of training.
        frontend: of the log-mel spectrograms, for backbones that have none of their own.
        splits: by corpus, one a seed.
        grouped_by: corpora whose split is not over speakers but over these characters
            (start, stop) of the utterance's name. ShEMO under `agarla2022` is the only one: it
            repeats SERAB's split, in which speakers overlap.
        labelling: by target corpus, one list a seed: names of train utterances in the order in
            which they are labelled; a budget of k takes the first k, so budgets are nested.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int
    about: str
    classes: tuple[str, ...]
    ranks: bool
    headline: str
    source_figure: Literal["pooled", "mean over corpora"]
    source: str
    languages: Mapping[str, tuple[str, ...]]
    seeds: tuple[int, ...]
    budgets: tuple[int, ...]
    schedule: Schedule
    frontend: FrontEnd
    splits: Mapping[str, tuple[Split, ...]]
    grouped_by: Mapping[str, tuple[int, int]]
    labelling: Mapping[str, tuple[tuple[str, ...], ...]]

    @property
    def targets(self) -> tuple[str, ...]:
        """Languages that may be the target."""
        return tuple(language for language in self.languages if language != self.source)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the frozen data, in hex."""
        return digest_json(self.model_dump(mode="json"))

    def scenario(self, catalogue: Catalogue, target: str, labels: Labels, seed: int) -> Scenario:
        """Return who trains, who is labelled and who is tested.

        Args:
            catalogue: utterances by corpus; source corpora may be absent, which the scenario
                states. Utterances of other classes are passed over.
            target: a language of `targets`.
            labels: one of `budgets`, or "all".
            seed: one of `seeds`.

        Raises:
            UnknownNameError: no such target.
            ProtocolError: a budget or seed the protocol does not have, no corpus at hand, or
                exclusions that leave nothing to train on or to test.
        """
        self._admit(target, labels, seed)
        source, target_names = self.languages[self.source], self.languages[target]
        at_hand = tuple(corpus for corpus in source if corpus in catalogue)
        self._require_speech(self.source, at_hand)
        self._require_speech(target, [c for c in target_names if c in catalogue])
        train = self._ids(catalogue, target_names, "train", seed)
        labelled = train if labels == "all" else self._labelled(train, target_names, labels, seed)
        roles = {
            "source_train": self._ids(catalogue, at_hand, "train", seed),
            "source_validation": self._ids(catalogue, at_hand, "validation", seed),
            "source_test": self._ids(catalogue, at_hand, "test", seed),
            "target_labelled": labelled,
            "target_unlabelled": tuple(id_ for id_ in train if id_ not in set(labelled)),
            "target_test": self._ids(catalogue, target_names, "test", seed),
        }
        for role in ("source_train", "source_test", "target_test"):
            if not roles[role]:
                raise ProtocolError(
                    f"{self.name}, {target}, seed {seed}: no utterance is left to {role}.",
                    "Exclude fewer utterances.",
                )
        emotion = {u.id: u.emotion for c in (*at_hand, *target_names) for u in catalogue[c]}
        return Scenario(
            protocol=self.name,
            version=self.version,
            source=self.source,
            target=target,
            labels=labels,
            seed=seed,
            classes=self.classes,
            source_corpora=at_hand,
            absent_corpora=tuple(corpus for corpus in source if corpus not in at_hand),
            emotion={i: self.classes.index(emotion[i]) for ids in roles.values() for i in ids},
            **roles,
        )

    def corpora_of(self, target: str) -> tuple[str, ...]:
        """Return the corpora of a target language.

        Raises:
            UnknownNameError: no such target.
        """
        if target not in self.targets:
            raise UnknownNameError(f"target language of {self.name}", target, self.targets)
        return self.languages[target]

    def group_of(self, utterance: Utterance) -> str:
        """Return what the split of the utterance's corpus goes by: its speaker, as a rule."""
        characters = self.grouped_by.get(utterance.corpus)
        return utterance.name[slice(*characters)] if characters else utterance.speaker

    def _admit(self, target: str, labels: Labels, seed: int) -> None:
        self.corpora_of(target)
        if labels != "all" and labels not in self.budgets:
            budgets = ", ".join(map(str, self.budgets))
            raise ProtocolError(
                f"{self.name} has no label budget of {labels}.", f"Choose from {budgets}."
            )
        if seed not in self.seeds:
            raise ProtocolError(
                f"{self.name} has no seed {seed}.",
                f"Choose from {', '.join(map(str, self.seeds))}.",
            )

    def _require_speech(self, language: str, at_hand: Sequence[str]) -> None:
        if not at_hand:
            wanted = ", ".join(self.languages[language])
            raise ProtocolError(
                f"No {language} corpus is at hand; {self.name} uses {wanted}.",
                "Run `xlser corpora` to see which are found and where the others belong.",
            )

    def _ids(
        self, catalogue: Catalogue, corpora: Iterable[str], role: str, seed: int
    ) -> tuple[str, ...]:
        """Return the ids of a role, ordered by a digest: the order of names spells emotions."""
        ids = []
        for corpus in corpora:
            members = set(getattr(self.splits[corpus][self.seeds.index(seed)], role))
            ids += [
                u.id
                for u in catalogue[corpus]
                if self.group_of(u) in members and u.emotion in self.classes
            ]
        return tuple(sorted(ids, key=lambda id_: shuffling_key(self.name, seed, id_)))

    def _labelled(
        self, train: Sequence[str], corpora: Iterable[str], labels: int, seed: int
    ) -> tuple[str, ...]:
        at_hand = set(train)
        chosen = []
        for corpus in corpora:
            order = self.labelling[corpus][self.seeds.index(seed)]
            chosen += [f"{corpus}/{name}" for name in order[:labels]]
        return tuple(id_ for id_ in chosen if id_ in at_hand)


def shuffling_key(protocol: str, seed: int, id_: str) -> bytes:
    """Return a sort key that orders ids at random, the same on every machine."""
    return hashlib.sha256(f"{protocol}/{seed}/{id_}".encode()).digest()
