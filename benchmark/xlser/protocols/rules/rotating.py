"""The rule by which test speakers rotate with the seed."""

from collections.abc import Sequence

from xlser.corpora import EMOTIONS, Utterance
from xlser.protocols.data import Split
from xlser.protocols.rules.partition import partition
from xlser.protocols.rules.profiles import profiles


def rotating_splits(
    utterances: Sequence[Utterance],
    seeds: int,
    groups: int = 5,
    classes: Sequence[str] = EMOTIONS,
) -> tuple[Split, ...]:
    """Return one split per seed.

    Seed s tests group s, validates on group s + 1, and trains on the rest.

    Of two groups one trains and one tests.

    Args:
        utterances: of the corpus whose speakers are divided.
        seeds: how many splits.
        groups: how many groups of speakers; fewer where the corpus has fewer speakers.
        classes: emotions of the utterances.
    """
    speakers = profiles(utterances, classes)
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
