"""What a corpus is: published facts, and a parser of its utterances' names."""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath
from typing import Literal

from xlser.corpora.remote import Download
from xlser.errors import XlserError

Gender = Literal["female", "male", "unknown"]

Naturalness = Literal["acted", "semi-natural"]


class NotOfThisCorpusError(XlserError):
    """A name that cannot be an utterance of the corpus."""

    def __init__(self, corpus: str, name: str) -> None:
        super().__init__(
            f"{name!r} is not the name of an utterance of {corpus}.",
            "Move the file out of the corpus' folder, or give it back its official name.",
        )


@dataclass(frozen=True, slots=True)
class Spoken:
    """Metadata of an utterance, from its name or from a table.

    Attributes:
        speaker: speaker code as the corpus writes it.
        emotion: a term of `VOCABULARY`, or one of the corpus' own.
        sentence: code of the sentence or text spoken; empty where it is not known.
        split: of an official split, such as "train"; empty where there is none.
    """

    speaker: str
    emotion: str
    sentence: str = ""
    split: str = ""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording of one speaker with one emotion.

    Attributes:
        id: `<corpus>/<name>`, for example `emodb/03a01Fa`.
        speaker: speaker code as the corpus writes it.
        gender: of the speaker.
        emotion: a term of `VOCABULARY`, or one of the corpus' own.
        sentence: code of the sentence or text spoken; empty where it is not known.
        path: the file.
        split: of an official split; empty where there is none.
    """

    id: str
    speaker: str
    gender: Gender
    emotion: str
    sentence: str
    path: Path
    split: str = ""

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

    A subclass states the class attributes and writes `parse`, and `names` where the release is a
    known list of files; scanning, de-duplicating and checking are shared (`xlser.corpora.scan`).
    Register it under the entry-point group `xlser.corpora`.

    Attributes:
        name: short name in lower case, also the folder looked for under XLSER_DATA.
        title: the name people use.
        language: in lower case, English word.
        licence: terms of use.
        homepage: where a user gets it.
        citation: the publication that describes it.
        tree: the official layout, shown when the corpus is not found.
        speakers: gender of each speaker, as far as speakers are known in advance.
        naturalness: how the emotions came about.
        defects: utterances of the release that nobody can use: name -> reason. They are left out
            of every scan, and `xlser corpora check` names them.
        files: number of files of a release without a list of names; 0 where it is not known.
        recordings: SHA-256 over the recordings of the release of the five emotions of `EMOTIONS`,
            as records state it; empty where it is not known. Results on others are marked.
        download: how it is fetched, where its licence is open.
        caution: one sentence on what results on this corpus do not show; empty where there is none.
    """

    name: str
    title: str
    language: str
    licence: str
    homepage: str
    citation: str
    tree: str
    speakers: Mapping[str, Gender] = {}
    naturalness: Naturalness = "acted"
    defects: Mapping[str, str] = {}
    files: int = 0
    recordings: str = ""
    download: Download | None = None
    caution: str = ""

    def names(self) -> Iterable[str]:
        """Return the name of every utterance of the official release, all emotions.

        Empty where the release has no list: then every file whose name `parse` reads belongs to
        the corpus, and nothing can be missing.
        """
        return ()

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
                the copies people have, so the file's own name is used where it suffices.
        """
        return path.stem

    def gender_of(self, speaker: str) -> Gender:
        """Return the gender of a speaker, "unknown" where the corpus does not state it."""
        return self.speakers.get(speaker, "unknown")

    def walk(self, root: Path) -> Iterator[Path]:
        """Yield files that may be recordings, and folders named like one, in a fixed order."""
        return visible(root)

    def packaged_root(self) -> Path | None:
        """Return the folder of speech that the plugin's own package ships, if it ships any."""
        return None

    def own_root(self) -> Path | None:
        """Return the one folder where the corpus lies, for corpora that know it."""
        return None

    def published(self) -> Mapping[str, Spoken]:
        """Return every usable utterance of the official release: name -> metadata.

        Empty where the release has no list of names.
        """
        return _published(type(self))

    def utterance(self, name: str, spoken: Spoken, path: Path) -> Utterance:
        """Return an utterance of this corpus from its metadata and file.

        Args:
            name: of the utterance, without the corpus.
            spoken: its metadata.
            path: its recording.
        """
        return Utterance(
            id=f"{self.name}/{name}",
            speaker=spoken.speaker,
            gender=self.gender_of(spoken.speaker),
            emotion=spoken.emotion,
            sentence=spoken.sentence,
            path=path,
            split=spoken.split,
        )

    def published_utterances(self) -> list[Utterance]:
        """Return every usable utterance of the official release; their paths are no files."""
        return [
            self.utterance(name, spoken, Path(name)) for name, spoken in self.published().items()
        ]

    def spoken(self, name: str) -> Spoken | None:
        """Return the metadata of an utterance, or None if the corpus has no such utterance."""
        published = self.published()
        if published or name in self.defects:
            return published.get(name)
        try:
            return self.parse(name)
        except NotOfThisCorpusError:
            return None


@cache
def _published(corpus: type[Corpus]) -> Mapping[str, Spoken]:
    instance = corpus()
    names = (name for name in instance.names() if name not in instance.defects)
    return {name: instance.parse(name) for name in names}


def require(condition: bool, corpus: Corpus, name: str) -> None:
    """Raise `NotOfThisCorpusError` unless `condition` holds: a parser's one check.

    Args:
        condition: that names of the corpus fulfil.
        corpus: whose parser asks.
        name: of a file.
    """
    if not condition:
        raise NotOfThisCorpusError(corpus.title, name)


@cache
def listed_names(listing: Path) -> Mapping[str, None]:
    """Return the names in a text file, in order, for releases without a rule.

    Args:
        listing: one entry per line. `{1-3,7}` within an entry stands for the numbers 1, 2, 3 and 7,
            each as wide as the first of its range is written; `{a,b}` for words.
    """
    lines = listing.read_text(encoding="ascii").split()
    return dict.fromkeys(name for line in lines for name in _expanded(line))


def _expanded(entry: str) -> list[str]:
    before, brace, rest = entry.partition("{")
    if not brace:
        return [entry]
    choices, _, after = rest.partition("}")
    values: list[str] = []
    for choice in choices.split(","):
        bounds = re.fullmatch(r"(\d+)-(\d+)", choice)
        if bounds:
            first, last = bounds.groups()
            values += [f"{n:0{len(first)}}" for n in range(int(first), int(last) + 1)]
        else:
            values.append(choice)
    return [before + value + tail for value in values for tail in _expanded(after)]


def visible(root: Path) -> Iterator[Path]:
    """Yield files under `root`, and folders that are named like files, in a fixed order.

    Hidden files and folders and `__MACOSX` are passed over.
    """
    seen: set[str] = set()  # a link may lead back up
    for folder, folders, files in os.walk(root, followlinks=True):
        resolved = os.path.realpath(folder)
        if resolved in seen:
            folders.clear()
            continue
        seen.add(resolved)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "__MACOSX")
        yield from (Path(folder) / name for name in folders if "." in name)
        yield from (Path(folder) / name for name in sorted(files) if not name.startswith("."))
