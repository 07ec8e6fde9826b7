"""The utterances of the corpora's official releases; no file is read."""

from xlser.corpora import EMOTIONS, Utterance, get_corpus


def published_utterances(corpus_name: str) -> list[Utterance]:
    """Return the utterances of `EMOTIONS` in the official release, without files."""
    utterances = get_corpus(corpus_name).published_utterances()
    return [utterance for utterance in utterances if utterance.emotion in EMOTIONS]


def group_of(name: str, speaker: str, characters: tuple[int, int] | None) -> str:
    """Return the characters (start, stop) of an utterance's name, or without them its speaker."""
    return name[slice(*characters)] if characters else speaker
