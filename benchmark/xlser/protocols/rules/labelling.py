"""The rule that chooses the labelled utterances."""

from collections.abc import Sequence

from xlser.protocols.data import Split
from xlser.protocols.published import group_of, published_utterances
from xlser.protocols.scenario import shuffling_key


def labelling_order(
    corpus_name: str,
    split: Split,
    *,
    protocol: str,
    seed: int,
    classes: Sequence[str],
    most: int,
    characters: tuple[int, int] | None = None,
) -> tuple[str, ...]:
    """Return names of train utterances in the order in which they are labelled.

    The classes take turns, so that every budget is class-balanced as far as the classes reach;
    within a class the order is random.

    Args:
        corpus_name: of the target corpus.
        split: its speakers under the seed.
        protocol: name of the protocol, part of the random order.
        seed: of the protocol, part of the random order.
        classes: emotions that are labelled.
        most: utterances, at the most.
        characters: of the name, where the split is not over speakers (`grouped_by`).
    """
    waiting: list[list[str]] = []
    for emotion in classes:
        members = [
            u
            for u in published_utterances(corpus_name)
            if u.emotion == emotion and group_of(u.name, u.speaker, characters) in split.train
        ]
        members.sort(key=lambda u: shuffling_key(f"{protocol}/labels", seed, u.id))
        waiting.append([u.name for u in reversed(members)])
    order: list[str] = []
    while any(waiting) and len(order) < most:
        order += [names.pop() for names in waiting if names]
    return tuple(order[:most])
