"""The rule by which test speakers rotate with the seed."""

from collections.abc import Sequence

from xlser.corpora import EMOTIONS, Utterance
from xlser.protocols.data import Split
from xlser.protocols.published import published_utterances
from xlser.protocols.rules.partition import Profile, partition


def rotating_splits(corpus_name: str, seeds: int, groups: int = 5) -> tuple[Split, ...]:
    """Return a split a seed: seed s tests group s, validates on group s + 1, trains on the rest.

    Of two groups one trains and one tests.

    Args:
        corpus_name: whose published speakers are divided.
        seeds: how many splits.
        groups: how many groups of speakers; fewer where the corpus has fewer speakers.
    """
    speakers = profiles(published_utterances(corpus_name))
    divided = partition(speakers, min(groups, len(speakers)))
    splits = []
    for seed in range(seeds):
        test, next_one = seed % len(divided), (seed + 1) % len(divided)
        validation = divided[next_one] if len(divided) > 2 else []
        held_out = {*divided[test], *validation}
        train = sorted(speaker for speaker in speakers if speaker not in held_out)
        splits.append(
            Split(train=tuple(train), validation=tuple(validation), test=tuple(divided[test]))
        )
    return tuple(splits)


def profiles(utterances: Sequence[Utterance]) -> dict[str, Profile]:
    """Return each speaker's utterances per class, then per gender."""
    counts: dict[str, list[int]] = {}
    for utterance in utterances:
        count = counts.setdefault(utterance.speaker, [0] * (len(EMOTIONS) + 2))
        count[EMOTIONS.index(utterance.emotion)] += 1
        count[len(EMOTIONS) + (utterance.gender == "male")] += 1
    return {speaker: tuple(counts[speaker]) for speaker in sorted(counts)}
