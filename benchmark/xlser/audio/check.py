"""Checking a corpus file by file, sound included."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from xlser.audio.decode import load
from xlser.corpora import EMOTIONS, Corpus, survey
from xlser.errors import AudioError
from xlser.settings import cpu_count

if TYPE_CHECKING:
    from xlser.audio.prepare import Progress


@dataclass(frozen=True)
class CorpusReport:
    """What is wrong with a copy of a corpus, and what is merely worth knowing.

    A fault touches an utterance that the benchmark uses, and stops the corpus unless the
    utterance is excluded by name. A remark touches nothing a protocol uses.

    Attributes:
        corpus: the corpus.
        root: its folder.
        counts: per speaker and emotion: (files found, files published).
        faults: one line each, sorted.
        remarks: one line each, sorted.
    """

    corpus: Corpus
    root: Path
    counts: dict[tuple[str, str], tuple[int, int]]
    faults: tuple[str, ...] = field(default=())
    remarks: tuple[str, ...] = field(default=())


def check_corpus(
    corpus: Corpus, root: Path, progress: "Progress" = lambda done, n: None
) -> CorpusReport:
    """Compare the files under `root` with the published release and decode each of them."""
    found = survey(corpus, root)
    published = corpus.published()
    absent = found.absent_emotions()
    lines: list[tuple[str, str]] = [
        (name, f"{name}: missing")
        for name in found.missing()
        if published[name].emotion not in absent
    ]
    for name, paths in found.contradictory().items():
        lines.append((name, f"{name}: doubled with different content: {_list(paths)}"))
    remarks = [f"{name}: doubled, same content: {_list(p)}" for name, p in found.doubled().items()]
    remarks += [f"{path}: unexpected, not a published name" for path in found.unexpected]
    remarks += [f"{e}: all {n} files absent (not used here)" for e, n in absent.items()]
    for path in found.not_audio:
        name = corpus.name_of(path.relative_to(root))
        lines.append((name, f"{path}: unreadable, {_why_not_audio(path)}"))
    lines += _undecodable({name: paths[0] for name, paths in found.files.items()}, progress)

    used = {name for name, spoken in published.items() if spoken.emotion in EMOTIONS}
    return CorpusReport(
        corpus,
        root,
        _counts(corpus, found.files),
        faults=tuple(sorted(line for name, line in lines if name in used)),
        remarks=tuple(sorted(remarks + [line for name, line in lines if name not in used])),
    )


def _why_not_audio(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    return "of a format libsndfile cannot read" if path.exists() else "a link to nothing"


def _undecodable(files: dict[str, Path], progress: "Progress") -> list[tuple[str, str]]:
    def fault(path: Path) -> str | None:
        try:
            load(path)
        except AudioError as fault:
            return fault.problem
        return None

    lines = []
    with ThreadPoolExecutor(cpu_count()) as pool:  # decoding and resampling release Python's lock
        found = pool.map(fault, files.values())
        for done, (name, line) in enumerate(zip(files, found, strict=True), start=1):
            if line:
                lines.append((name, line))
            progress(done, len(files))
    return lines


def _counts(
    corpus: Corpus, files: dict[str, tuple[Path, ...]]
) -> dict[tuple[str, str], tuple[int, int]]:
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for name, spoken in corpus.published().items():
        key = (spoken.speaker, spoken.emotion)
        found, expected = counts.get(key, (0, 0))
        counts[key] = (found + (name in files), expected + 1)
    return counts


def _list(paths: tuple[Path, ...]) -> str:
    return ", ".join(map(str, paths))
