"""The utterances that the names in a corpus' folder give."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from xlser.corpora.corpus import Corpus, Spoken
from xlser.corpora.emotions import EMOTIONS
from xlser.corpora.names import UNREADABLE_SUFFIXES, LooseNames, is_audio
from xlser.system.files import digest_file


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
        alike: files taken for the utterance whose name differs from theirs in case, Unicode form
            or a doubled ending alone, and which has no other file.
    """

    corpus: Corpus
    root: Path
    spoken: Mapping[str, Spoken]
    files: Mapping[str, tuple[Path, ...]]
    unexpected: tuple[Path, ...]
    not_audio: tuple[Path, ...]
    alike: Mapping[Path, str] = field(default_factory=dict)

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
    alike: dict[Path, str] = {}
    unexpected: list[Path] = []
    not_audio: dict[Path, str] = {}
    loose = LooseNames(corpus)
    for path in corpus.walk(root):
        if not is_audio(path):
            continue
        relative = PurePath(path).relative_to(root)
        name = corpus.name_of(relative)
        exact = name in corpus.defects or corpus.spoken(name) is not None
        if not exact:
            name = loose.find(relative) or name
        if name in corpus.defects:
            continue
        known = corpus.spoken(name)
        if not path.is_file() or path.suffix.lower() in UNREADABLE_SUFFIXES:
            not_audio |= {path: name} if known else {}
        elif not known:
            unexpected.append(path)
        elif exact:
            spoken[name] = known
            files.setdefault(name, []).append(path)
        else:
            alike[path] = name
    exact_names = {*files}
    for path, name in alike.items():
        if name in exact_names:
            unexpected.append(path)
        else:
            spoken[name] = corpus.spoken(name) or spoken[name]
            files.setdefault(name, []).append(path)
    order = published or sorted(files)
    return Survey(
        corpus,
        root,
        spoken,
        {name: tuple(files[name]) for name in order if name in files},
        tuple(unexpected),
        tuple(path for path, name in not_audio.items() if name not in files),
        {path: name for path, name in alike.items() if name not in exact_names},
    )


def _identical(paths: Sequence[Path]) -> bool:
    sizes = {path.stat().st_size for path in paths}
    return len(sizes) == 1 and len({digest_file(path) for path in paths}) == 1
