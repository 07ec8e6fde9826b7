"""The utterances that corpora list, without their recordings; no audio is read."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from xlser.corpora import EMOTIONS, Corpus, Spoken, Utterance, find_root, get_corpus, survey
from xlser.settings import Settings
from xlser.system.files import digest_json


def published_utterances(
    corpus_name: str, emotions: Collection[str] | None = None
) -> list[Utterance]:
    """Return the utterances of the official release, or of a corpus' table, without files.

    Args:
        corpus_name: of a corpus that lists its utterances; else there are none.
        emotions: those wanted; default: `EMOTIONS`.
    """
    corpus = get_corpus(corpus_name)
    return _utterances(corpus, corpus.published(), emotions or EMOTIONS)


def utterances_at_hand(
    corpus_name: str, emotions: Collection[str], settings: Settings
) -> list[Utterance]:
    """Return the utterances that a corpus lists, or without a list those found in its folder.

    Args:
        corpus_name: of the corpus.
        emotions: those wanted.
        settings: where corpora are.
    """
    corpus = get_corpus(corpus_name)
    listed = corpus.published()
    if not listed and (root := find_root(corpus, settings)):
        listed = survey(corpus, root).spoken
    return _utterances(corpus, listed, emotions)


def is_published(corpus_name: str) -> bool:
    """Return whether a corpus is the same list of utterances everywhere, not one's own table."""
    corpus = get_corpus(corpus_name)
    return bool(corpus.published()) and corpus.own_root() is None


def utterances_digest(utterances: Iterable[tuple[str, str, str]]) -> str:
    """Return the SHA-256 of (name, speaker, emotion) of utterances in any order, in hex."""
    return digest_json(sorted([*utterance] for utterance in utterances))


def group_of(name: str, speaker: str, characters: tuple[int, int] | None) -> str:
    """Return the part of an utterance's name between (start, stop); without these, its speaker."""
    return name[slice(*characters)] if characters else speaker


def _utterances(
    corpus: Corpus, listed: Mapping[str, Spoken], emotions: Collection[str]
) -> list[Utterance]:
    return [
        corpus.utterance(name, spoken, Path(name))
        for name, spoken in listed.items()
        if spoken.emotion in emotions
    ]
