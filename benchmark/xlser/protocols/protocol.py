"""A protocol: frozen data from which every scenario follows."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Self

from pydantic import model_validator

from xlser.errors import ProtocolError, UnknownNameError
from xlser.protocols.checks import check
from xlser.protocols.data import ProtocolData
from xlser.protocols.scenario import Catalogue, Labels, Scenario, shuffling_key


class Protocol(ProtocolData):
    """A protocol whose fields fit together; changing one of them makes a new version.

    Raises:
        InvalidProtocolError: a field is missing, unknown or of another type, or `checks` finds a
            fault.
    """

    @model_validator(mode="after")
    def _checked(self) -> Self:
        check(self)
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other values, checked like every protocol.

        Raises:
            InvalidProtocolError: the values do not fit together.
        """
        if not update:
            return super().model_copy(deep=deep)
        kept = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self)(**{**kept, **update})

    def scenario(self, catalogue: Catalogue, target: str, labels: Labels, seed: int) -> Scenario:
        """Return the utterances that train, are labelled and are tested.

        Args:
            catalogue: utterances by corpus; source corpora may be absent, which the scenario
                states. Utterances of other classes are left out.
            target: a language of `targets`.
            labels: one of `budgets`, or "all".
            seed: one of `seeds`.

        Raises:
            UnknownNameError: no such target.
            ProtocolError: a budget or seed the protocol does not have, no source corpus or not
                every target corpus at hand, or exclusions that leave nothing to train or to test.
        """
        self._admit(target, labels, seed)
        source, target_names = self.languages[self.source], self.languages[target]
        at_hand = tuple(corpus for corpus in source if corpus in catalogue)
        self._require_speech(self.source, () if at_hand else source)
        self._require_speech(target, [c for c in target_names if c not in catalogue])
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

    def _require_speech(self, language: str, absent: Sequence[str]) -> None:
        if absent:
            raise ProtocolError(
                f"No {language} speech of {', '.join(absent)} is at hand; {self.name} uses "
                f"{', '.join(self.languages[language])}.",
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
        """Return the first `labels` utterances of the corpora's orders, which take turns."""
        at_hand = set(train)
        orders = [
            [f"{corpus}/{name}" for name in self.labelling[corpus][self.seeds.index(seed)]]
            for corpus in corpora
        ]
        in_turn = [id_ for turn in zip_longest(*orders) for id_ in turn if id_ is not None]
        return tuple(id_ for id_ in in_turn[:labels] if id_ in at_hand)
