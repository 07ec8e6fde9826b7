"""Finding a corpus' utterances on disk, and saying what is wrong with them."""

import fnmatch
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath

from xlser.corpora.corpus import EMOTIONS, Corpus, Utterance
from xlser.errors import IncompleteCorpusError, SettingsError
from xlser.files import digest_file, digest_json

# Formats people convert corpora to that libsndfile cannot read: worth a word, not a "missing".
_UNREADABLE_SUFFIXES = frozenset({".m4a", ".mp4", ".aac", ".wma", ".webm", ".amr"})


@cache
def readable_suffixes() -> frozenset[str]:
    """Return the file endings libsndfile reads, in lower case with the dot."""
    import soundfile

    formats = {f".{name.lower()}" for name in soundfile.available_formats()}
    return frozenset((formats | {".aif", ".oga", ".opus"}) - {".raw"})


@dataclass(frozen=True)
class Survey:
    """What the names in a corpus' folder say, nothing decoded yet.

    Attributes:
        corpus: the corpus surveyed.
        root: its folder.
        files: published utterance name -> files that bear it, sorted; nested copies give several.
        unexpected: audio files that bear no published name.
        not_audio: published names borne only by a folder, a broken link or a format that
            libsndfile cannot read.
    """

    corpus: Corpus
    root: Path
    files: dict[str, tuple[Path, ...]]
    unexpected: tuple[Path, ...]
    not_audio: tuple[Path, ...]

    def missing(self) -> list[str]:
        """Return the published names that no file bears."""
        return [name for name in self.corpus.published() if name not in self.files]

    def used(self, names: Iterable[str]) -> list[str]:
        """Return those of `names` whose emotion is one of the benchmark's five."""
        published = self.corpus.published()
        return [name for name in names if published[name].emotion in EMOTIONS]

    def absent_emotions(self) -> dict[str, int]:
        """Return the dropped emotions of which not one file is there: emotion -> published count.

        Copies cut down to the five classes are common, and no protocol uses the others.
        """
        published = self.corpus.published()
        present = {published[name].emotion for name in self.files}
        counts: dict[str, int] = {}
        for spoken in published.values():
            if spoken.emotion not in EMOTIONS and spoken.emotion not in present:
                counts[spoken.emotion] = counts.get(spoken.emotion, 0) + 1
        return counts

    def doubled(self) -> dict[str, tuple[Path, ...]]:
        """Return the names that several files of the same bytes bear; the first one is used."""
        return {name: paths for name, paths in self._several().items() if _identical(paths)}

    def contradictory(self) -> dict[str, tuple[Path, ...]]:
        """Return the names that files of different content bear: which one is meant?"""
        return {name: paths for name, paths in self._several().items() if not _identical(paths)}

    def _several(self) -> dict[str, tuple[Path, ...]]:
        return {name: paths for name, paths in self.files.items() if len(paths) > 1}


def survey(corpus: Corpus, root: Path) -> Survey:
    """Walk `root` and match its files with the published names of `corpus`.

    Hidden files and `__MACOSX` are passed over, and so is all that is not audio.
    """
    published = corpus.published()
    files: dict[str, list[Path]] = {}
    unexpected: list[Path] = []
    not_audio: list[Path] = []
    for path in _walk(root):
        suffix = path.suffix.lower()
        if suffix not in readable_suffixes() | _UNREADABLE_SUFFIXES:
            continue
        name = corpus.name_of(PurePath(path).relative_to(root))
        if not path.is_file() or suffix in _UNREADABLE_SUFFIXES:
            not_audio += [path] if name in published else []
        elif name in published:
            files.setdefault(name, []).append(path)
        else:
            unexpected.append(path)
    return Survey(
        corpus,
        root,
        {name: tuple(files[name]) for name in published if name in files},
        tuple(unexpected),
        tuple(path for path in not_audio if corpus.name_of(path.relative_to(root)) not in files),
    )


@dataclass(frozen=True)
class Inventory:
    """The utterances of one corpus that the benchmark uses, complete.

    Attributes:
        corpus: the corpus.
        root: its folder.
        utterances: sorted by id, one for every published utterance of the five classes but those
            excluded.
        excluded: names left out at the user's word, sorted.
    """

    corpus: Corpus
    root: Path
    utterances: tuple[Utterance, ...]
    excluded: tuple[str, ...]

    def digest(self) -> str:
        """Return the SHA-256 over every utterance's id and the bytes of its file, in hex."""
        return digest_json([[u.id, digest_file(u.path)] for u in self.utterances])


def scan(corpus: Corpus, root: Path, exclude: Sequence[str] = ()) -> Inventory:
    """Return the utterances of `corpus` under `root` that the benchmark uses.

    Args:
        corpus: what to look for.
        root: its folder.
        exclude: names or glob patterns of utterances to leave out.

    Raises:
        IncompleteCorpusError: an utterance of the five classes is missing or contradictory and not
            excluded. Nothing ever shrinks a data set silently.
        SettingsError: an exclusion matches no utterance.
    """
    excluded = _resolve(corpus, exclude)
    found = survey(corpus, root)
    faults = _faults(found, excluded)
    if faults:
        raise _incomplete(found, faults)
    published = corpus.published()
    utterances = [
        Utterance(
            id=f"{corpus.name}/{name}",
            speaker=published[name].speaker,
            gender=corpus.speakers[published[name].speaker],
            emotion=published[name].emotion,
            sentence=published[name].sentence,
            path=paths[0],
        )
        for name, paths in found.files.items()
        if published[name].emotion in EMOTIONS and name not in excluded
    ]
    return Inventory(corpus, root, tuple(sorted(utterances, key=lambda u: u.id)), excluded)


def _faults(found: Survey, excluded: Sequence[str]) -> list[str]:
    """Return a line for each used utterance that cannot be taken from the folder."""
    contradictory = found.contradictory()
    missing = [n for n in found.used(found.missing()) if n not in excluded]
    twofold = [n for n in found.used(contradictory) if n not in excluded]
    return [f"{name}: missing" for name in missing] + [
        f"{name}: different files: {', '.join(map(str, contradictory[name]))}" for name in twofold
    ]


def _incomplete(found: Survey, faults: list[str]) -> IncompleteCorpusError:
    corpus = found.corpus
    shown = "\n".join(f"  {fault}" for fault in faults[:5])
    more = f"\n  ... and {len(faults) - 5} more" if len(faults) > 5 else ""
    used = len(found.used(corpus.published()))
    return IncompleteCorpusError(
        f"{corpus.title} in {found.root} has {len(faults)} of {used} utterances not as published:\n"
        f"{shown}{more}",
        f"`xlser corpora check {corpus.name}` lists all. Complete the copy ({corpus.homepage}; "
        f"layout {corpus.tree}), or leave utterances out by name (--exclude {corpus.name}/NAME, "
        "or [exclude] in xlser.toml), which every record will state.",
    )


def _resolve(corpus: Corpus, exclude: Sequence[str]) -> tuple[str, ...]:
    """Expand glob patterns to published names of the five classes."""
    published = [n for n, spoken in corpus.published().items() if spoken.emotion in EMOTIONS]
    excluded: set[str] = set()
    for pattern in exclude:
        matches = fnmatch.filter(published, pattern)
        if not matches:
            raise SettingsError(
                f"The exclusion {corpus.name}/{pattern} matches no utterance of {corpus.title}.",
                f"Name utterances as {published[0]!r}, or use a pattern such as '*'.",
            )
        excluded.update(matches)
    return tuple(sorted(excluded))


def _walk(root: Path) -> Iterator[Path]:
    """Yield files, and folders that are named like audio files, in a fixed order."""
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


def _identical(paths: Sequence[Path]) -> bool:
    sizes = {path.stat().st_size for path in paths}
    return len(sizes) == 1 and len({digest_file(path) for path in paths}) == 1
