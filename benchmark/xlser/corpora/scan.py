"""Finding a corpus' utterances on disk, and what is wrong with them."""

import fnmatch
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath

from xlser.corpora.corpus import Corpus, Spoken, Utterance
from xlser.corpora.emotions import EMOTIONS
from xlser.errors import IncompleteCorpusError, PluginError, SettingsError
from xlser.system.files import digest_file, digest_json

# Formats people convert corpora to that libsndfile cannot read: named rather than "missing".
_UNREADABLE_SUFFIXES = frozenset({".m4a", ".mp4", ".aac", ".wma", ".webm", ".amr"})


@cache
def readable_suffixes() -> frozenset[str]:
    """Return the file endings libsndfile reads, in lower case with the dot."""
    import soundfile

    formats = {f".{name.lower()}" for name in soundfile.available_formats()}
    return frozenset((formats | {".aif", ".oga", ".opus"}) - {".raw"})


def is_audio(path: PurePath) -> bool:
    """Return whether a file's ending is that of a recording, readable here or not."""
    return path.suffix.lower() in readable_suffixes() | _UNREADABLE_SUFFIXES


@dataclass(frozen=True)
class Survey:
    """The utterances that the names in a corpus' folder give; nothing is decoded.

    Attributes:
        corpus: the corpus surveyed.
        root: its folder.
        spoken: name -> metadata of every utterance: of the published list, or, where the release
            has none, of those found.
        files: utterance name -> files of that name, sorted; nested copies give several.
        unexpected: audio files whose name is that of no utterance.
        not_audio: utterance names of which there is only a folder, a broken link or a format
            that libsndfile cannot read.
    """

    corpus: Corpus
    root: Path
    spoken: Mapping[str, Spoken]
    files: Mapping[str, tuple[Path, ...]]
    unexpected: tuple[Path, ...]
    not_audio: tuple[Path, ...]

    def missing(self) -> list[str]:
        """Return the utterance names without a file."""
        return [name for name in self.spoken if name not in self.files]

    def absent_emotions(self) -> dict[str, int]:
        """Return emotions beyond `EMOTIONS` without a file here: emotion -> published count.

        Copies cut down to the five classes are common.
        """
        present = {self.spoken[name].emotion for name in self.files}
        counts = Counter(spoken.emotion for spoken in self.spoken.values())
        return {e: n for e, n in counts.items() if e not in EMOTIONS and e not in present}

    def doubled(self) -> dict[str, tuple[Path, ...]]:
        """Return the names of several files of the same bytes; the first file is used."""
        return {name: paths for name, paths in self._several().items() if _identical(paths)}

    def contradictory(self) -> dict[str, tuple[Path, ...]]:
        """Return the names of several files of different content; which is meant is not known."""
        return {name: paths for name, paths in self._several().items() if not _identical(paths)}

    def _several(self) -> dict[str, tuple[Path, ...]]:
        return {name: paths for name, paths in self.files.items() if len(paths) > 1}


def survey(corpus: Corpus, root: Path) -> Survey:
    """Match the files under `root` with the utterances of `corpus`.

    Hidden files, `__MACOSX` and all that is not audio are passed over.
    """
    published = corpus.published()
    spoken: dict[str, Spoken] = dict(published)
    files: dict[str, list[Path]] = {}
    unexpected: list[Path] = []
    not_audio: list[Path] = []
    for path in corpus.walk(root):
        if not is_audio(path):
            continue
        name = corpus.name_of(PurePath(path).relative_to(root))
        if name in corpus.defects:
            continue
        known = corpus.spoken(name)
        if not path.is_file() or path.suffix.lower() in _UNREADABLE_SUFFIXES:
            not_audio += [path] if known else []
        elif known:
            spoken[name] = known
            files.setdefault(name, []).append(path)
        else:
            unexpected.append(path)
    order = published or sorted(files)
    return Survey(
        corpus,
        root,
        spoken,
        {name: tuple(files[name]) for name in order if name in files},
        tuple(unexpected),
        tuple(path for path in not_audio if corpus.name_of(path.relative_to(root)) not in files),
    )


@dataclass(frozen=True)
class Inventory:
    """The utterances of one corpus, complete for the emotions asked for.

    Attributes:
        corpus: the corpus.
        root: its folder.
        utterances: sorted by id, one for every utterance of those emotions but those excluded.
        excluded: names that the user left out, sorted.
    """

    corpus: Corpus
    root: Path
    utterances: tuple[Utterance, ...]
    excluded: tuple[str, ...]

    def digest(self) -> str:
        """Return the SHA-256 over every utterance's id and the bytes of its file, in hex."""
        return digest_json([[u.id, digest_file(u.path)] for u in self.utterances])


def scan(
    corpus: Corpus,
    root: Path,
    exclude: Sequence[str] = (),
    emotions: Collection[str] | None = None,
) -> Inventory:
    """Return the utterances of `corpus` under `root`.

    Args:
        corpus: what to look for.
        root: its folder.
        exclude: names or glob patterns of utterances to leave out.
        emotions: those asked for, all by default. Utterances of other emotions may be absent or
            damaged. For what a protocol reads pass `read_for(protocol.classes)`.

    Raises:
        IncompleteCorpusError: an utterance is missing or contradictory and not excluded. Nothing
            ever shrinks a data set silently.
        SettingsError: an exclusion matches no utterance.
        PluginError: names hold blanks.
    """
    found = survey(corpus, root)
    used = {
        name: spoken
        for name, spoken in found.spoken.items()
        if emotions is None or spoken.emotion in emotions
    }
    _require_names_without_blanks(corpus, used)
    excluded = _resolve(corpus, used, exclude)
    faults = _faults(found, used.keys() - excluded)
    if faults:
        raise _incomplete(found, len(used), faults)
    utterances = [
        corpus.utterance(name, used[name], paths[0])
        for name, paths in found.files.items()
        if name in used and name not in excluded
    ]
    in_order = tuple(sorted(utterances, key=lambda u: u.id))
    return Inventory(corpus, root, in_order, tuple(sorted(excluded)))


def _require_names_without_blanks(corpus: Corpus, names: Iterable[str]) -> None:
    broken = [name for name in names if len(name.split()) != 1]
    if broken:
        raise PluginError(
            f"{corpus.title} gives {len(broken)} names with blanks, such as {broken[0]!r}.",
            "Records list names separated by blanks: let `name_of` of the corpus replace them, "
            "for example by '_', or add the recordings from a table (docs/corpora.md).",
        )


def _faults(found: Survey, used: Collection[str]) -> list[str]:
    """Return a line for each used utterance that cannot be taken from the folder."""
    return [f"{name}: missing" for name in found.missing() if name in used] + [
        f"{name}: different files: {', '.join(map(str, paths))}"
        for name, paths in found.contradictory().items()
        if name in used
    ]


def _incomplete(found: Survey, used: int, faults: list[str]) -> IncompleteCorpusError:
    corpus = found.corpus
    shown = "\n".join(f"  {fault}" for fault in faults[:5])
    more = f"\n  ... and {len(faults) - 5} more" if len(faults) > 5 else ""
    return IncompleteCorpusError(
        f"{corpus.title} in {found.root} has {len(faults)} of {used} utterances not as published:\n"
        f"{shown}{more}",
        f"`xlser corpora check {corpus.name}` lists all. Complete the copy ({corpus.homepage}; "
        f"layout {corpus.tree}), or leave utterances out by name (--exclude {corpus.name}/NAME, "
        "or [exclude] in xlser.toml), which every record will state.",
    )


def _resolve(corpus: Corpus, names: Iterable[str], exclude: Sequence[str]) -> set[str]:
    """Expand glob patterns to the utterances of `names` that they match."""
    known = list(names)
    excluded: set[str] = set()
    for pattern in exclude:
        matches = fnmatch.filter(known, pattern)
        if not matches:
            example = f"Name utterances as {known[0]!r}, or use" if known else "Use"
            raise SettingsError(
                f"The exclusion {corpus.name}/{pattern} matches no utterance of {corpus.title}.",
                f"{example} a pattern such as '*'.",
            )
        excluded.update(matches)
    return excluded


def _identical(paths: Sequence[Path]) -> bool:
    sizes = {path.stat().st_size for path in paths}
    return len(sizes) == 1 and len({digest_file(path) for path in paths}) == 1
