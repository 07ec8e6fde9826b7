"""The utterances of the corpora's official releases; no file is read."""

from pathlib import Path

from xlser.corpora import EMOTIONS, Utterance, get_corpus


def published_utterances(corpus_name: str) -> list[Utterance]:
    """Return the utterances of `EMOTIONS` in the official release, without files."""
    corpus = get_corpus(corpus_name)
    return [
        Utterance(
            id=f"{corpus.name}/{name}",
            speaker=spoken.speaker,
            gender=corpus.gender_of(spoken.speaker),
            emotion=spoken.emotion,
            sentence=spoken.sentence,
            path=Path(name),
        )
        for name, spoken in corpus.published().items()
        if spoken.emotion in EMOTIONS
    ]


def group_of(name: str, speaker: str, characters: tuple[int, int] | None) -> str:
    """Return the characters (start, stop) of an utterance's name, or without them its speaker."""
    return name[slice(*characters)] if characters else speaker
