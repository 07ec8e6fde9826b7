"""Names of files as people have them, and the published names that they stand for."""

import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import PurePath

from xlser.corpora.corpus import Corpus

# Formats people convert corpora to that libsndfile cannot read: named rather than "missing".
UNREADABLE_SUFFIXES = frozenset({".m4a", ".mp4", ".aac", ".wma", ".webm", ".amr"})


@cache
def readable_suffixes() -> frozenset[str]:
    """Return the file endings libsndfile reads, in lower case with the dot."""
    import soundfile

    formats = {f".{name.lower()}" for name in soundfile.available_formats()}
    return frozenset((formats | {".aif", ".oga", ".opus"}) - {".raw"})


def is_audio(path: PurePath) -> bool:
    """Return whether a file's ending is that of a recording, readable here or not."""
    return path.suffix.lower() in readable_suffixes() | UNREADABLE_SUFFIXES


class LooseNames:
    """Finds the utterance of a file whose name differs in case, Unicode form or a doubled ending.

    Args:
        corpus: whose names are looked for.
    """

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._published: Mapping[str, str] | None = None

    def find(self, path: PurePath) -> str | None:
        """Return the one name that a file may stand for; None if there is none, or several.

        Args:
            path: relative to the corpus' root.
        """
        for form in _without_doubled_endings(path):
            if name := self._like(form):
                return name
            if form != path and self._corpus.spoken(name := self._corpus.name_of(form)):
                return name
        return None

    def _like(self, path: PurePath) -> str | None:
        # Folders may count as well, and a corpus knows them in its own case.
        forms = (path, PurePath(str(path).upper()), PurePath(str(path).lower()))
        names = {self._known().get(_folded(self._corpus.name_of(form)), "") for form in forms}
        found = names - {""}
        return found.pop() if len(found) == 1 else None

    def _known(self) -> Mapping[str, str]:
        """Return folded name -> name of the release, of those that no other name folds to."""
        if self._published is None:
            known: dict[str, str] = {}
            for name in (*self._corpus.published(), *self._corpus.defects):
                folded = _folded(name)
                known[folded] = "" if folded in known else name
            self._published = known
        return self._published


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().strip()


def _without_doubled_endings(path: PurePath) -> Iterator[PurePath]:
    """Yield the path, then it without one ending after another (`a.wav.wav`, `a.mp3.wav`)."""
    yield path
    while is_audio(path) and is_audio(PurePath(path.stem)) and PurePath(path.stem).stem:
        path = path.with_name(path.stem)
        yield path
