"""The rule by which every speaker is tested once a seed."""

from collections.abc import Sequence

from xlser.corpora import Utterance
from xlser.protocols.rules.partition import exchanged
from xlser.protocols.rules.profiles import profiles
from xlser.protocols.scenario import shuffling_key


def kfold_speakers(
    utterances: Sequence[Utterance],
    *,
    protocol: str,
    seeds: Sequence[int],
    folds: int,
    classes: Sequence[str],
) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """Return for each seed the speakers of each fold.

    Under each seed the speakers are dealt anew at random into folds that differ by one speaker at
    most; then pairs of speakers are exchanged for as long as that makes the folds more alike in
    utterances of each class and of each gender.

    Args:
        utterances: of one corpus.
        protocol: name of the protocol, part of the random order.
        seeds: of the protocol, part of the random order.
        folds: at most the number of speakers.
        classes: emotions of the utterances.
    """
    known = profiles(utterances, classes)
    corpus = utterances[0].corpus if utterances else ""
    divisions = []
    for seed in seeds:
        order = sorted(
            known, key=lambda s: shuffling_key(f"{protocol}/folds", seed, f"{corpus}/{s}")
        )
        dealt = exchanged([order[fold::folds] for fold in range(folds)], known)
        divisions.append(tuple(tuple(sorted(group)) for group in dealt))
    return tuple(divisions)
