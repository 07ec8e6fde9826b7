"""The rule by which every speaker is tested once a seed."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from xlser.corpora import Utterance
from xlser.protocols.rules.partition import exchanges, imbalance
from xlser.protocols.rules.profiles import Profile, profiles
from xlser.protocols.scenario import shuffling_key

Division = Sequence[Sequence[str]]
"""Groups of speakers."""


def kfold_speakers(
    utterances: Sequence[Utterance],
    *,
    protocol: str,
    seeds: Sequence[int],
    folds: int,
    classes: Sequence[str],
) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """Return for each seed the speakers of each fold.

    Under each seed the speakers are dealt at random into folds that differ by one speaker at most;
    then pairs of speakers are exchanged for as long as that makes the folds more alike in
    utterances of each class and of each gender. Of the divisions of many such deals that are about
    as even, the one is taken that repeats the fewest pairs of earlier seeds.

    Args:
        utterances: of one corpus.
        protocol: name of the protocol, part of the random order.
        seeds: of the protocol, part of the random order.
        folds: at most the number of speakers.
        classes: emotions of the utterances.
    """
    known = profiles(utterances, classes)
    corpus = utterances[0].corpus if utterances else ""
    together: set[tuple[str, str]] = set()
    divisions = []
    for seed in seeds:
        found = [
            division
            for start in range(_starts(len(known)))
            for order in [_order(known, f"{protocol}/folds/{start}", seed, corpus)]
            for division in exchanges([order[fold::folds] for fold in range(folds)], known)
        ]
        chosen = _least_repeating(found, known, together)
        together |= _pairs(chosen)
        divisions.append(tuple(tuple(sorted(group)) for group in chosen))
    return tuple(divisions)


def _starts(speakers: int) -> int:
    """Return how many deals are tried: many of few speakers, whose best division recurs."""
    return max(4, min(60, 600 // max(speakers, 1)))


def _order(speakers: Iterable[str], draw: str, seed: int, corpus: str) -> list[str]:
    return sorted(speakers, key=lambda speaker: shuffling_key(draw, seed, f"{corpus}/{speaker}"))


def _least_repeating(
    found: Sequence[Division], known: Mapping[str, Profile], together: set[tuple[str, str]]
) -> Division:
    """Return the division that puts the fewest pairs of speakers together once more.

    Only those count whose squared distances from equal shares are at most twice those of the most
    even one; among equals the more even comes first.
    """
    uneven = [imbalance(division, known) for division in found]
    even = [i for i in range(len(found)) if uneven[i] <= 2 * min(uneven)]
    best = min(even, key=lambda i: (len(_pairs(found[i]) & together), uneven[i], i))
    return found[best]


def _pairs(division: Division) -> set[tuple[str, str]]:
    return {pair for group in division for pair in combinations(sorted(group), 2)}
