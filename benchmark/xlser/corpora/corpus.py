"""What a corpus is: published facts, and a parser of its utterances' names."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath
from typing import ClassVar, Literal

from xlser.errors import XlserError

Gender = Literal["female", "male"]

Naturalness = Literal["acted", "semi-natural"]

EMOTIONS: tuple[str, ...] = ("anger", "fear", "happiness", "neutral", "sadness")
"""The five classes of the benchmark, in its order (Agarla et al. 2022, Section 5.1)."""


class NotOfThisCorpusError(XlserError):
    """A name that cannot be an utterance of the corpus."""

    def __init__(self, corpus: str, name: str) -> None:
        super().__init__(
            f"{name!r} is not the name of an utterance of {corpus}.",
            "Move the file out of the corpus' folder, or give it back its official name.",
        )


@dataclass(frozen=True, slots=True)
class Spoken:
    """What an utterance's name says of it.

    Attributes:
        speaker: speaker code as the corpus writes it.
        emotion: one of `EMOTIONS`, or an emotion of the corpus that the benchmark drops.
        sentence: code of the sentence or text spoken.
    """

    speaker: str
    emotion: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording of one speaker with one of the five emotions.

    Attributes:
        id: `<corpus>/<name>`, for example `emodb/03a01Fa`.
        speaker: speaker code as the corpus writes it.
        gender: of the speaker.
        emotion: one of `EMOTIONS`.
        sentence: code of the sentence or text spoken.
        path: the file.
    """

    id: str
    speaker: str
    gender: Gender
    emotion: str
    sentence: str
    path: Path

    @property
    def corpus(self) -> str:
        """Name of the corpus."""
        return self.id.partition("/")[0]

    @property
    def name(self) -> str:
        """Name within the corpus."""
        return self.id.partition("/")[2]


class Corpus(ABC):
    """A corpus of emotional speech: a short file of facts and a name parser.

    A subclass states the class attributes and writes `names` and `parse`; scanning,
    de-duplicating and checking are shared (`xlser.corpora.scan`). Register it under the
    entry-point group `xlser.corpora`.

    Attributes:
        name: short name in lower case, also the folder looked for under XLSER_DATA.
        title: the name people use.
        language: in lower case, English word.
        licence: terms of use.
        homepage: where a user gets it.
        citation: the publication that describes it.
        tree: the official layout, shown when the corpus is not found.
        speakers: gender of each speaker.
        naturalness: how the emotions came about.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    language: ClassVar[str]
    licence: ClassVar[str]
    homepage: ClassVar[str]
    citation: ClassVar[str]
    tree: ClassVar[str]
    speakers: ClassVar[Mapping[str, Gender]]
    naturalness: ClassVar[Naturalness] = "acted"

    @abstractmethod
    def names(self) -> Iterable[str]:
        """Return the name of every utterance of the official release, dropped emotions too."""

    @abstractmethod
    def parse(self, name: str) -> Spoken:
        """Read speaker, emotion and sentence from an utterance's name.

        Raises:
            NotOfThisCorpusError: `name` is not one this corpus gives.
        """

    def name_of(self, path: PurePath) -> str:
        """Return the utterance name of a file: its stem, unless the official files differ.

        Args:
            path: relative to the corpus' root. Folders are renamed, flattened and mis-encoded in
                the copies people have, so the file's own name decides wherever it can.
        """
        return path.stem

    def packaged_root(self) -> Path | None:
        """Return the folder of speech that the plugin's own package ships, if it ships any."""
        return None

    def published(self) -> Mapping[str, Spoken]:
        """Return every utterance of the official release: name -> what it says."""
        return _published(type(self))


@cache
def _published(corpus: type[Corpus]) -> Mapping[str, Spoken]:
    instance = corpus()
    return {name: instance.parse(name) for name in instance.names()}


def require(condition: bool, corpus: Corpus, name: str) -> None:
    """Raise `NotOfThisCorpusError` unless `condition` holds: a parser's one check."""
    if not condition:
        raise NotOfThisCorpusError(corpus.title, name)


@cache
def listed_names(corpus: str) -> Mapping[str, None]:
    """Return the names listed in `names/<corpus>.txt`, in order, for releases without a rule."""
    listing = Path(__file__).parent / "names" / f"{corpus}.txt"
    return dict.fromkeys(listing.read_text(encoding="ascii").split())
