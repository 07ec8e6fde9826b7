"""A protocol: frozen data from which every scenario follows."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Self

from pydantic import model_validator

from xlser.errors import ProtocolError, UnknownNameError
from xlser.protocols.checks import check
from xlser.protocols.data import ProtocolData
from xlser.protocols.rules import drawn_anew
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

    def scenario(
        self,
        catalogue: Catalogue,
        target: str,
        labels: Labels,
        seed: int,
        fold: int = 0,
        draw: int = 0,
    ) -> Scenario:
        """Return the utterances that train, are labelled and are tested.

        Args:
            catalogue: utterances by corpus; source corpora may be absent, which the scenario
                states. Utterances of other classes are left out.
            target: a language of `targets`.
            labels: one of `budgets`, or "all".
            seed: one of `seeds`.
            fold: 0, 1, ... of `folds`.
            draw: of the labelled utterances: 0 the protocol's; 1, 2, ... others by the same rule.

        Raises:
            UnknownNameError: no such target.
            ProtocolError: a budget, seed or fold the protocol does not have, no source corpus or
                not every target corpus at hand, or exclusions that leave nothing to train or to
                test.
        """
        self._admit(target, labels, seed, fold)
        source, of_target, classes = (
            self.source_corpora, self.languages[target], self.classes_of(target)
        )  # fmt: skip
        at_hand = tuple(corpus for corpus in source if corpus in catalogue)
        self._require_speech(self.source_title, source, () if at_hand else source)
        self._require_speech(target, of_target, [c for c in of_target if c not in catalogue])
        emotion = {
            u.id: classes.index(of)
            for corpus in (*at_hand, *of_target)
            for u in catalogue[corpus]
            if (of := self.emotion_of(corpus, u.emotion)) in classes
        }

        def ids(corpora: Iterable[str], role: str) -> tuple[str, ...]:
            """Order ids by a digest: the order of names spells emotions."""
            found = [
                u.id
                for corpus in corpora
                for members in [set(getattr(self.split_of(corpus, seed, fold), role))]
                for u in catalogue[corpus]
                if u.id in emotion and self.group_of(u) in members
            ]
            return tuple(sorted(found, key=lambda id_: shuffling_key(self.name, seed, id_)))

        train = ids(of_target, "train")
        if labels == "all":
            labelled = train
        elif draw:
            labelled = drawn_anew(
                train,
                emotion,
                protocol=self.name,
                seed=seed,
                fold=fold,
                draw=draw,
                rule=self.labelling_rule,
            )[:labels]
        else:
            labelled = self._labelled(train, target, labels, seed, fold)
        known = set(labelled)
        roles = {
            "source_train": ids(at_hand, "train"),
            "source_validation": ids(at_hand, "validation"),
            "source_test": ids(at_hand, "test"),
            "target_labelled": labelled,
            "target_unlabelled": tuple(id_ for id_ in train if id_ not in known),
            "target_test": ids(of_target, "test"),
        }
        for role in ("source_train", "source_test", "target_test"):
            if not roles[role]:
                raise ProtocolError(
                    f"{self.name}, {target}, seed {seed}: no utterance is left to {role}.",
                    "Exclude fewer utterances.",
                )
        return Scenario(
            protocol=self.name,
            version=self.version,
            source="+".join(self.source_languages),
            target=target,
            labels=labels,
            seed=seed,
            classes=classes,
            source_corpora=at_hand,
            absent_corpora=tuple(corpus for corpus in source if corpus not in at_hand),
            emotion={i: emotion[i] for members in roles.values() for i in members},
            **roles,
            fold=fold,
            draw=draw,
        )

    def corpora_of(self, target: str) -> tuple[str, ...]:
        """Return the corpora of a target language.

        Raises:
            UnknownNameError: no such target.
        """
        if target not in self.targets:
            raise UnknownNameError(f"target language of {self.name}", target, self.targets)
        return self.languages[target]

    def _admit(self, target: str, labels: Labels, seed: int, fold: int) -> None:
        self.corpora_of(target)
        for what, asked, known in (
            ("label budget of", labels, (*self.budgets, "all")),
            ("seed", seed, self.seeds),
            ("fold", fold, range(self.folds)),
        ):
            if asked not in known:
                choices = ", ".join(str(one) for one in known if one != "all")
                raise ProtocolError(
                    f"{self.name} has no {what} {asked}.", f"Choose from {choices}."
                )

    def _require_speech(self, of: str, corpora: Sequence[str], absent: Sequence[str]) -> None:
        if absent:
            raise ProtocolError(
                f"No {of} speech of {', '.join(absent)} is at hand; {self.name} uses "
                f"{', '.join(corpora)}.",
                "Run `xlser corpora` to see which are found and where the others belong.",
            )

    def _labelled(
        self, train: Sequence[str], target: str, labels: int, seed: int, fold: int
    ) -> tuple[str, ...]:
        """Return the first `labels` utterances of the corpora's orders, which take turns."""
        at_hand = set(train)
        orders = [
            [f"{corpus}/{name}" for name in self.order_of(corpus, seed, fold)]
            for corpus in self.languages[target]
        ]
        in_turn = [id_ for turn in zip_longest(*orders) for id_ in turn if id_ is not None]
        return tuple(id_ for id_ in in_turn[:labels] if id_ in at_hand)
