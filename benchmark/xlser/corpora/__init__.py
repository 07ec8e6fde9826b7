"""Corpora of emotional speech: what they are, where they lie, whether they are whole."""

from xlser.corpora.corpus import Corpus, Gender, NotOfThisCorpusError, Spoken, Utterance, require
from xlser.corpora.emotions import EMOTIONS, VOCABULARY, read_for
from xlser.corpora.registry import (
    add_corpus,
    corpus_names,
    find_root,
    get_corpus,
    locate,
    locate_all,
    other_roots,
    published_recordings,
)
from xlser.corpora.scan import Inventory, scan
from xlser.corpora.survey import Survey, survey
from xlser.corpora.tables.folders import FolderTable, read_folder
from xlser.corpora.tables.table import TableCorpus

__all__ = [
    "EMOTIONS",
    "VOCABULARY",
    "Corpus",
    "FolderTable",
    "Gender",
    "Inventory",
    "NotOfThisCorpusError",
    "Spoken",
    "Survey",
    "TableCorpus",
    "Utterance",
    "add_corpus",
    "corpus_names",
    "find_root",
    "get_corpus",
    "locate",
    "locate_all",
    "other_roots",
    "published_recordings",
    "read_folder",
    "read_for",
    "require",
    "scan",
    "survey",
]
