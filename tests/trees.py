"""Corpora made for the tests: trees of tiny recordings that bear published names."""

import os
import resource
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath

import numpy as np
import soundfile

from xlser import corpora
from xlser.corpora import EMOTIONS, Corpus, Inventory, Spoken, get_corpus, read_for, require

RATE = 16_000


def noise(seed: int = 0, seconds: float = 0.1, rate: int = RATE) -> np.ndarray:
    """White noise, shape (samples,), float32; another seed gives other samples."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.1, round(seconds * rate)).clip(-1, 1).astype(np.float32)


def tone(hertz: float, rate: int, seconds: float = 1.0) -> np.ndarray:
    """A sine of amplitude one half, shape (samples,), float32."""
    time = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def record(path: Path, samples: np.ndarray | None = None, rate: int = RATE, **how: str) -> Path:
    """Write `samples` (default: noise) to `path` and return it; its folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, noise() if samples is None else samples, rate, **how)
    return path


def cut(path: Path, size: int) -> Path:
    """Cut `size` bytes from the end of a file."""
    path.write_bytes(path.read_bytes()[:-size])
    return path


def plant(root: Path, files: Iterable[PurePath | str]) -> Path:
    """Put one recording of noise under every name of `files`, and return `root`.

    All are links to the same bytes, which makes three thousand of them a matter of moments.
    """
    root.mkdir(parents=True, exist_ok=True)
    seed = record(root.parent / f".{root.name}-seed.wav")
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(seed, path)
        except OSError:  # a file system without hard links
            shutil.copyfile(seed, path)
    return root


def savee_official(root: Path) -> Path:
    """SAVEE as released: the speaker is the folder's name."""
    split = (name.split("_") for name in get_corpus("savee").names())
    return plant(root, (f"AudioData/{speaker}/{rest}.wav" for speaker, rest in split))


def savee_mirror(root: Path) -> Path:
    """SAVEE as commonly mirrored: one folder, the speaker is in the file's name."""
    return plant(root, (f"ALL/{name}.wav" for name in get_corpus("savee").names()))


# Folders as they come out of the archive: code page 850 read as 1252, or decomposed Unicode.
_CAFE_FOLDERS = {
    "C": "Col\u0160re",
    "P": "Peur",
    "J": "Joie",
    "N": "Neutre",
    "T": "Tristesse",
    "D": "D\u201ago\u2013t",
    "S": "Surprise",
}
_CAFE_DECOMPOSED = {**_CAFE_FOLDERS, "C": "Cole\u0300re", "D": "De\u0301gou\u0302t"}


def cafe(root: Path, decomposed: bool = False) -> Path:
    """CaFE with the folders' accents mangled, or decomposed."""
    folders = _CAFE_DECOMPOSED if decomposed else _CAFE_FOLDERS
    strength = {"1": "Faible", "2": "Fort"}
    return plant(
        root,
        (
            f"CaFE_48k/{folders[name[3]]}/{strength[name[5]]}/{name}.wav"
            for name in get_corpus("cafe").names()
        ),
    )


def shemo(root: Path) -> Path:
    """ShEMO as released: a folder a gender."""
    gender = {"F": "female", "M": "male"}
    return plant(root, (f"{gender[name[0]]}/{name}.wav" for name in get_corpus("shemo").names()))


def published_tree(corpus: Corpus, root: Path) -> Path:
    """All published files of a corpus in one folder."""
    return plant(root, (f"{name}.wav" for name in corpus.names()))


class Tiny(Corpus):
    """Two speakers, the five emotions and boredom, two takes each: 24 files, 20 of them used."""

    name = "tiny"
    title = "Tiny"
    language = "test"
    licence = "none"
    homepage = "https://example.org/tiny"
    citation = "none"
    tree = "tiny/ann-anger-1.wav"
    speakers = {"ann": "female", "bob": "male"}

    def names(self) -> Iterable[str]:
        emotions = (*EMOTIONS, "boredom")
        return [f"{s}-{e}-{take}" for s in self.speakers for e in emotions for take in "12"]

    def parse(self, name: str) -> Spoken:
        parts = name.split("-")
        require(len(parts) == 3 and parts[0] in self.speakers, self, name)
        return Spoken(parts[0], parts[1], parts[2])


def tiny(root: Path) -> Path:
    """A whole `Tiny` corpus, every recording another."""
    return recordings(Tiny(), root)


def recordings(corpus: Corpus, root: Path) -> Path:
    """Record every published utterance of a corpus, each with noise of its own and length."""
    for seed, name in enumerate(corpus.names()):
        record(root / f"{name}.wav", noise(seed, 0.1 + 0.01 * (seed % 7)))
    return root


def scan(corpus: Corpus, root: Path, exclude: Sequence[str] = ()) -> Inventory:
    """Scan as for a protocol of the five classes."""
    return corpora.scan(corpus, root, exclude, read_for())


def names_in(folder: Path) -> list[str]:
    """All that lies in a folder, hidden files too, by name and sorted."""
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
