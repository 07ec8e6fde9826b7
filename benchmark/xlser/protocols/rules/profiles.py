"""What each speaker adds to a group of speakers."""

from collections.abc import Mapping, Sequence

from xlser.corpora import Utterance

Profile = tuple[int, ...]
"""What is to be balanced: a speaker's utterances per class, then per gender."""

_GENDERS = ("female", "male", "unknown")


def profiles(utterances: Sequence[Utterance], classes: Sequence[str]) -> Mapping[str, Profile]:
    """Return each speaker's utterances per class, then per gender; speakers sorted.

    Args:
        utterances: of one corpus, all of them of `classes`.
        classes: emotions.
    """
    counts: dict[str, list[int]] = {}
    for utterance in utterances:
        count = counts.setdefault(utterance.speaker, [0] * (len(classes) + len(_GENDERS)))
        count[classes.index(utterance.emotion)] += 1
        count[len(classes) + _GENDERS.index(utterance.gender)] += 1
    return {speaker: tuple(counts[speaker]) for speaker in sorted(counts)}
