"""Corpora of emotional speech: what they are, where they lie, whether they are whole."""

from xlser.corpora.corpus import (
    EMOTIONS,
    Corpus,
    Gender,
    NotOfThisCorpusError,
    Spoken,
    Utterance,
    require,
)
from xlser.corpora.registry import corpus_names, find_root, get_corpus, locate
from xlser.corpora.scan import Inventory, Survey, scan, survey

__all__ = [
    "EMOTIONS",
    "Corpus",
    "Gender",
    "Inventory",
    "NotOfThisCorpusError",
    "Spoken",
    "Survey",
    "Utterance",
    "corpus_names",
    "find_root",
    "get_corpus",
    "locate",
    "require",
    "scan",
    "survey",
]
