"""All scenarios of a protocol over the same utterances, which share what they have in common."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain, zip_longest

from xlser.corpora import Utterance
from xlser.errors import ProtocolError
from xlser.protocols.data import ProtocolData
from xlser.protocols.rules import drawn_anew
from xlser.protocols.scenario import Catalogue, Labels, Scenario, shuffling_key


class Scenarios:
    """Scenarios of a protocol over one catalogue.

    Who trains and who is tested of a corpus depends on neither the budget nor, for the source, on
    the target or the fold: it is found and ordered once.

    Args:
        protocol: whose scenarios.
        catalogue: utterances by corpus; source corpora may be absent, which the scenarios state.
            Utterances of other classes are left out.
    """

    def __init__(self, protocol: ProtocolData, catalogue: Catalogue) -> None:
        self._protocol = protocol
        self._catalogue = catalogue
        self._emotion = cache(self._emotion_)
        self._ordered = cache(self._ordered_)
        self._ids = cache(self._ids_)
        self._emotions = cache(self._emotions_)

    def of(self, target: str, labels: Labels, seed: int, fold: int = 0, draw: int = 0) -> Scenario:
        """Return the utterances that train, are labelled and are tested.

        Args:
            target: a language of the protocol's `targets`.
            labels: one of its `budgets`, or "all".
            seed: one of its `seeds`.
            fold: 0, 1, ... of its `folds`.
            draw: of the labelled utterances: 0 the protocol's; 1, 2, ... others by the same rule.

        Raises:
            UnknownNameError: no such target.
            ProtocolError: a budget, seed or fold the protocol does not have, no source corpus or
                not every target corpus at hand, or exclusions that leave nothing to train or to
                test.
        """
        protocol, catalogue = self._protocol, self._catalogue
        _admit(protocol, target, labels, seed, fold)
        source, of_target, classes = (
            protocol.source_corpora, protocol.languages[target], protocol.classes_of(target)
        )  # fmt: skip
        at_hand = tuple(corpus for corpus in source if corpus in catalogue)
        _require_speech(protocol, protocol.source_title, source, () if at_hand else source)
        _require_speech(protocol, target, of_target, [c for c in of_target if c not in catalogue])

        train = self._ids(of_target, classes, seed, fold, "train")
        if labels == "all":
            labelled = train
        elif draw:
            labelled = drawn_anew(
                train,
                {k: v for corpus in of_target for k, v in self._emotion(corpus, classes).items()},
                protocol=protocol.name,
                seed=seed,
                fold=fold,
                draw=draw,
                rule=protocol.labelling_rule,
            )[:labels]
        else:
            labelled = self._labelled(train, target, labels, seed, fold)
        known = set(labelled)
        roles = {
            "source_train": self._ids(at_hand, classes, seed, 0, "train"),
            "source_validation": self._ids(at_hand, classes, seed, 0, "validation"),
            "source_test": self._ids(at_hand, classes, seed, 0, "test"),
            "target_labelled": labelled,
            "target_unlabelled": tuple(id_ for id_ in train if id_ not in known),
            "target_test": self._ids(of_target, classes, seed, fold, "test"),
        }
        of_source = ("source_train", "source_test") if source else ()
        for role in (*of_source, "target_test"):
            if not roles[role]:
                raise ProtocolError(
                    f"{protocol.name}, {target}, seed {seed}: no utterance is left to {role}.",
                    "Exclude fewer utterances.",
                )
        members = chain.from_iterable(roles.values())
        return Scenario(
            protocol=protocol.name,
            version=protocol.version,
            source="+".join(protocol.source_languages),
            target=target,
            labels=labels,
            seed=seed,
            classes=classes,
            source_corpora=at_hand,
            absent_corpora=tuple(corpus for corpus in source if corpus not in at_hand),
            emotion=self._emotions(frozenset(members), (*at_hand, *of_target), classes),
            **roles,
            fold=fold,
            draw=draw,
        )

    def _emotion_(self, corpus: str, classes: tuple[str, ...]) -> Mapping[str, int]:
        """Return the class index of each utterance of a corpus that has one."""
        index = {name: i for i, name in enumerate(classes)}
        return {
            utterance.id: index[of]
            for utterance in self._catalogue[corpus]
            if (of := self._protocol.emotion_of(corpus, utterance.emotion)) in index
        }

    def _emotions_(
        self, ids: frozenset[str], corpora: tuple[str, ...], classes: tuple[str, ...]
    ) -> Mapping[str, int]:
        """Return the class index of some utterances."""
        known = {k: v for corpus in corpora for k, v in self._emotion(corpus, classes).items()}
        return {id_: known[id_] for id_ in sorted(ids)}

    def _ordered_(self, corpus: str, seed: int) -> Sequence[tuple[bytes, Utterance, str]]:
        """Return the utterances of a corpus, each with its place in the order and its group."""
        protocol = self._protocol
        return [
            (
                shuffling_key(protocol.name, seed, utterance.id),
                utterance,
                protocol.group_of(utterance),
            )
            for utterance in self._catalogue[corpus]
        ]

    def _ids_(
        self, corpora: tuple[str, ...], classes: tuple[str, ...], seed: int, fold: int, role: str
    ) -> tuple[str, ...]:
        """Order ids by a digest: the order of names spells emotions."""
        found = [
            (place, utterance.id)
            for corpus in corpora
            for emotion in [self._emotion(corpus, classes)]
            for members in [set(getattr(self._protocol.split_of(corpus, seed, fold), role))]
            for place, utterance, group in self._ordered(corpus, seed)
            if group in members and utterance.id in emotion
        ]
        return tuple(id_ for _, id_ in sorted(found))

    def _labelled(
        self, train: Iterable[str], target: str, labels: int, seed: int, fold: int
    ) -> tuple[str, ...]:
        """Return the first `labels` utterances of the corpora's orders, which take turns."""
        at_hand = set(train)
        orders = [
            [f"{corpus}/{name}" for name in self._protocol.order_of(corpus, seed, fold)]
            for corpus in self._protocol.languages[target]
        ]
        in_turn = [id_ for turn in zip_longest(*orders) for id_ in turn if id_ is not None]
        return tuple(id_ for id_ in in_turn[:labels] if id_ in at_hand)


def _admit(protocol: ProtocolData, target: str, labels: Labels, seed: int, fold: int) -> None:
    protocol.corpora_of(target)
    for what, asked, known in (
        ("label budget of", labels, (*protocol.budgets, "all")),
        ("seed", seed, protocol.seeds),
        ("fold", fold, range(protocol.folds)),
    ):
        if asked not in known:
            choices = ", ".join(str(one) for one in known if one != "all")
            raise ProtocolError(
                f"{protocol.name} has no {what} {asked}.", f"Choose from {choices}."
            )


def _require_speech(
    protocol: ProtocolData, of: str, corpora: Sequence[str], absent: Sequence[str]
) -> None:
    if absent:
        raise ProtocolError(
            f"No {of} speech of {', '.join(absent)} is at hand; {protocol.name} uses "
            f"{', '.join(corpora)}.",
            "Run `xlser corpora` to see which are found and where the others belong.",
        )
