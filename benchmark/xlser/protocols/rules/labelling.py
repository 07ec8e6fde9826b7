"""The rule that chooses the labelled utterances."""

from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest
from typing import Literal

from xlser.corpora import Utterance
from xlser.protocols.published import group_of
from xlser.protocols.scenario import shuffling_key

Rule = Literal["balanced", "random"]


def labelling_order(
    utterances: Sequence[Utterance],
    train: Collection[str],
    *,
    protocol: str,
    seed: int,
    classes: Sequence[str],
    most: int,
    fold: int | None = None,
    rule: Rule = "balanced",
    characters: tuple[int, int] | None = None,
) -> tuple[str, ...]:
    """Return names of train utterances in the order in which they are labelled.

    By the rule "balanced" the classes take turns, so that every budget is class-balanced as far as
    the classes reach; within a class the order is random. That needs the labels it is to save: by
    the rule "random" the order does not depend on classes, as if speech were labelled as it comes.

    Args:
        utterances: of the target corpus.
        train: speakers that train (or what stands for them, see `characters`).
        protocol: name of the protocol, part of the random order.
        seed: of the protocol, part of the random order.
        classes: emotions that are labelled.
        most: utterances, at the most.
        fold: of the seed, part of the random order; None where a seed has one.
        rule: how utterances are drawn.
        characters: of the name, where the split is not over speakers (`grouped_by`).
    """
    draw = f"{protocol}/labels" if fold is None else f"{protocol}/labels/fold {fold}"
    members = [
        u
        for u in utterances
        if u.emotion in classes and group_of(u.name, u.speaker, characters) in train
    ]
    members.sort(key=lambda u: shuffling_key(draw, seed, u.id))
    if rule == "random":
        return tuple(u.name for u in members[:most])
    return _in_turn([[u.name for u in members if u.emotion == of] for of in classes])[:most]


def drawn_anew(
    train: Collection[str],
    emotion: Mapping[str, int],
    *,
    protocol: str,
    seed: int,
    fold: int,
    draw: int,
    rule: Rule,
) -> tuple[str, ...]:
    """Return ids of train utterances in another order of labelling than the protocol's.

    Args:
        train: ids.
        emotion: class index by id.
        protocol: name of the protocol, part of the random order.
        seed: of the protocol, part of the random order.
        fold: of the seed, part of the random order.
        draw: 1, 2, ...; each gives another order.
        rule: how utterances are drawn (see `labelling_order`).
    """
    purpose = f"{protocol}/labels/fold {fold}/draw {draw}"
    order = sorted(train, key=lambda id_: shuffling_key(purpose, seed, id_))
    if rule == "random":
        return tuple(order)
    classes = sorted({emotion[id_] for id_ in train})
    return _in_turn([[id_ for id_ in order if emotion[id_] == c] for c in classes])


def _in_turn(lists: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the first of each list, then the second of each that has one, ..."""
    turns = zip_longest(*lists)
    return tuple(name for turn in turns for name in turn if name is not None)
