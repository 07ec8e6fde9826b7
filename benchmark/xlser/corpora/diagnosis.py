"""What lies in a folder where utterances are missing, and which files may be those."""

import difflib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from xlser.corpora.corpus import Corpus
from xlser.corpora.names import LooseNames
from xlser.corpora.survey import Survey

_COPY = re.compile(
    r"(?P<stem>.+?)(?:[ _]?\(\d+\)| - (?:Copy|Kopie|copie)(?: \(\d+\))?| copy(?: \d+)?|_copy)$",
    re.IGNORECASE,
)
_TRIES = 3  # unexpected names of which the nearest published one is looked for


@dataclass(frozen=True)
class Diagnosis:
    """What is the matter with a folder.

    Attributes:
        lines: findings, each a sentence.
        pairs: unexpected file -> missing utterance that it alone may be.
    """

    lines: tuple[str, ...]
    pairs: Mapping[Path, str]


def diagnose(found: Survey) -> Diagnosis:
    """Return what lies in a corpus' folder, and pair it with what is missing."""
    pairs: dict[Path, str] = {}
    refused = unreadable_folders(found.root)
    lines = [f"{_quoted(folder)} cannot be read ({why})." for folder, why in refused.items()]
    if found.missing():
        if found.unexpected:
            pairs, more = _paired(found)
            lines += more
        elif not found.files and not found.not_audio:
            lines += _what_else(found.root)
    return Diagnosis((*lines, *_editions(found)), pairs)


def unreadable_folders(root: Path) -> dict[str, str]:
    """Return folders that cannot be listed, with the reason."""
    refused: dict[str, str] = {}

    def note(error: OSError) -> None:
        refused[str(error.filename)] = error.strerror or type(error).__name__

    for folder, folders, _ in os.walk(root, onerror=note):
        for name in folders:  # one that can be listed may still not be entered
            if not os.access(path := f"{folder}{os.sep}{name}", os.X_OK | os.R_OK):
                refused.setdefault(path, "Permission denied")
    return refused


def in_other_formats(found: Survey) -> list[str]:
    """Return which utterances are there, but in a form that cannot be read."""
    if not found.not_audio:
        return []
    example = _quoted(found.not_audio[0].name)
    return [
        f"{_files(found.not_audio)} there in a form that cannot be read, for example {example}: "
        "convert to WAV or FLAC, or get the release's own."
    ]


def _paired(found: Survey) -> tuple[dict[Path, str], list[str]]:
    """Pair unexpected files with missing utterances; return the pairs and how they were found."""
    missing = set(found.missing())
    find = _Finder(found.corpus, missing)
    left = [(path, path.relative_to(found.root)) for path in found.unexpected]
    pairs: dict[Path, str] = {}
    lines: list[str] = []
    for what, guess in (
        ("a backslash in the name, as archives of Windows leave it", find.without_backslashes),
        ("the number or word that marks a copy", find.without_copy_mark),
    ):
        taken = _unique({path: guess(relative) for path, relative in left})
        if taken:
            path, name = next(iter(taken.items()))
            shown = str(path.relative_to(found.root)) if "\\" in path.name else path.name
            lines.append(f"{_files(taken)} there with {what}: {_quoted(shown)} would be {name}.")
        pairs |= taken
        left = [(path, relative) for path, relative in left if path not in pairs]
    if left:
        taken, line = _by_rule(found.corpus, left, missing - {*pairs.values()})
        pairs |= taken
        lines.append(line)
    return pairs, lines


class _Finder:
    """Finds missing utterances by the names of files."""

    def __init__(self, corpus: Corpus, missing: Iterable[str]) -> None:
        self._corpus = corpus
        self._missing = frozenset(missing)
        self._loose = LooseNames(corpus)

    def without_backslashes(self, path: PurePath) -> str | None:
        if "\\" not in str(path):
            return None
        return self._name(PurePath(str(path).replace("\\", "/")))

    def without_copy_mark(self, path: PurePath) -> str | None:
        mark = _COPY.fullmatch(path.stem)
        return self._name(path.with_stem(mark["stem"])) if mark else None

    def _name(self, path: PurePath) -> str | None:
        name = self._corpus.name_of(path)
        name = name if name in self._missing else self._loose.find(path) or ""
        return name if name in self._missing else None


def _by_rule(
    corpus: Corpus, left: Sequence[tuple[Path, Path]], missing: set[str]
) -> tuple[dict[Path, str], str]:
    """Pair names that differ from published ones all by the same replacement."""
    names = {path: corpus.name_of(relative) for path, relative in left}
    example = left[0][0].name
    nearest = ""
    for path in [path for path, _ in left][:_TRIES]:
        near = difflib.get_close_matches(names[path], missing, n=1, cutoff=0.6)
        if not near:
            continue
        nearest = nearest or f" (nearest to {names[path]!r}: {near[0]})"
        change, old, new = _replacement(names[path], near[0])
        changed = {other: change(name) for other, name in names.items()}
        taken = _unique({o: name if name in missing else None for o, name in changed.items()})
        if len(taken) > 1 and 2 * len(taken) >= len(left):
            words = f"with {old!r} where the release has {new!r}" if old else f"without {new!r}"
            first = next(iter(taken))
            return (
                taken,
                f"{_files(taken)} there {words}: {_quoted(first.name)} would be {taken[first]}.",
            )
    marked = sum(1 for path, _ in left if _COPY.fullmatch(path.stem))
    copies = f"; {marked} of them bear the number or word that marks a copy" if marked else ""
    return {}, (
        f"{len(left)} unexpected audio files are there under other names, for example "
        f"{_quoted(example)}{nearest}{copies}."
    )


def _replacement(name: str, wanted: str) -> tuple[Callable[[str], str | None], str, str]:
    """Return what makes a name the one wanted, for names of the same kind; and its two texts."""
    start = _in_common(name, wanted)
    end = _in_common(name[start:][::-1], wanted[start:][::-1])
    old, new = name[start : len(name) - end], wanted[start : len(wanted) - end]
    if start == 0:
        return lambda other: new + other[len(old) :] if other.startswith(old) else None, old, new
    if end == 0:
        return lambda o: o[: len(o) - len(old)] + new if o.endswith(old) else None, old, new
    after = start + len(old)
    return lambda o: o[:start] + new + o[after:] if o[start:after] == old else None, old, new


def _in_common(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    alike = (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(alike, min(len(one), len(other)))


def _unique(guesses: Mapping[Path, str | None]) -> dict[Path, str]:
    """Return the guesses that are made of one file alone."""
    times = Counter(name for name in guesses.values() if name)
    return {path: name for path, name in guesses.items() if name and times[name] == 1}


def _what_else(root: Path) -> list[str]:
    """Return what lies in a folder that holds no audio file."""
    endings: Counter[str] = Counter()
    for _, _, files in os.walk(root):
        endings.update(Path(name).suffix.lower() or "no ending" for name in files)
    if not endings:
        return ["The folder is empty."]
    kinds = ", ".join(f"{n} with {ending}" for ending, n in endings.most_common(3))
    unpack = " Unpack the archive." if {".zip", ".tar", ".gz", ".rar", ".7z"} & {*endings} else ""
    return [f"There is no audio file there, but {endings.total()} others ({kinds}).{unpack}"]


def _editions(found: Survey) -> list[str]:
    """Return where two editions of a corpus lie side by side."""
    several = found.contradictory()
    folders = Counter(_apart(paths[0], paths[1], found.root) for paths in several.values())
    if not folders:
        return []
    (pair, times) = folders.most_common(1)[0]
    if times < 2 or 2 * times < len(several):
        return []
    one, other = (repr(folder) for folder in pair)
    return [
        f"Two editions lie side by side: {times} utterances are in {one} and, with different "
        f"content, in {other}. Move one away, or name the folder of the other in [corpora] of "
        "xlser.toml."
    ]


def _apart(one: Path, other: Path, root: Path) -> tuple[str, str]:
    """Return the folders of two files, without the folders that both end in."""
    a, b = list(one.relative_to(root).parent.parts), list(other.relative_to(root).parent.parts)
    while a and b and a[-1] == b[-1]:
        a.pop()
        b.pop()
    return "/".join(a) or ".", "/".join(b) or "."


def _quoted(name: str) -> str:
    return f"'{name}'" if name.isprintable() else ascii(name)


def _files(several: Iterable[object]) -> str:
    n = len(list(several))
    return "1 audio file is" if n == 1 else f"{n} audio files are"
