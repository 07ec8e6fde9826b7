"""The rule that chooses the labelled utterances."""

from collections.abc import Collection, Sequence
from typing import Literal

from xlser.corpora import Utterance
from xlser.protocols.published import group_of
from xlser.protocols.scenario import shuffling_key


def labelling_order(
    utterances: Sequence[Utterance],
    train: Collection[str],
    *,
    protocol: str,
    seed: int,
    classes: Sequence[str],
    most: int,
    fold: int | None = None,
    rule: Literal["balanced", "random"] = "balanced",
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
    waiting = [[u.name for u in reversed(members) if u.emotion == emotion] for emotion in classes]
    order: list[str] = []
    while any(waiting) and len(order) < most:
        order += [names.pop() for names in waiting if names]
    return tuple(order[:most])
