"""Log-mels of a corpus, from its files to the disk, against librosa."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import librosa
import numpy as np
import pytest
from tests.speed.conftest import Versus
from tests.speed.processes import in_own_process

from xlser.audio import FeatureStore, FrontEnd, prepare
from xlser.corpora import Inventory
from xlser.settings import cpu_count
from xlser.system.memory import keep_pages


def logmel(path: Path) -> np.ndarray:
    """The front-end as one writes it with librosa."""
    samples, rate = librosa.load(path, sr=16_000)
    power = librosa.feature.melspectrogram(
        y=samples,
        sr=rate,
        n_fft=1024,
        hop_length=160,
        pad_mode="reflect",
        n_mels=64,
        fmin=60,
        fmax=7800,
        htk=True,
        norm=None,
    )
    values = np.log(power + np.finfo(np.float32).eps)
    return ((values - values.mean()) / values.std(ddof=1)).T.astype(np.float16)


@pytest.fixture(scope="module")
def smallest(inventories: tuple[Inventory, ...]) -> Inventory:
    return min(inventories, key=lambda inventory: len(inventory.utterances))


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    """A process a core, each with one thread and with librosa imported."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            patch.setenv(variable, "1")
        with ProcessPoolExecutor(cpu_count(), get_context("spawn")) as pool:
            list(pool.map(os.path.basename, ["a"] * cpu_count()))
            yield pool


@pytest.fixture
def seconds(stores: dict[str, FeatureStore], smallest: Inventory) -> float:
    """Speech in the corpus, at a frame every 10 ms."""
    store = stores[smallest.corpus.name]
    return int(store.frames(store.ids).lengths.sum()) / 100


def preparing(inventory: Inventory, folder: Path) -> Callable[[], object]:
    """Make a feature store, in a new place each time."""
    keep_pages()
    caches = (folder / str(i) for i in count())
    return lambda: prepare(inventory, FrontEnd(), next(caches))


def looping(paths: list[Path], folder: Path) -> Callable[[], object]:
    """Go through the files in a loop."""
    return lambda: np.savez(folder / "logmels.npz", *map(logmel, paths))


def test_librosa_gives_the_same(smallest: Inventory, stores: dict[str, FeatureStore]) -> None:
    for utterance in smallest.utterances[::40]:
        ours = stores[smallest.corpus.name].frames([utterance.id]).values
        theirs = logmel(utterance.path)
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() < 0.02


def test_log_mels(versus: Versus, smallest: Inventory, seconds: float, tmp_path: Path) -> None:
    paths = [utterance.path for utterance in smallest.utterances]
    name = f"log-mels of {smallest.corpus.title}; otherwise librosa in a loop"
    with (
        in_own_process(preparing, smallest, tmp_path) as ours,
        in_own_process(looping, paths, tmp_path) as theirs,
    ):
        versus(name, "x real time", seconds, ours, theirs)


def test_log_mels_of_as_many_processes(
    versus: Versus,
    smallest: Inventory,
    seconds: float,
    processes: ProcessPoolExecutor,
    tmp_path: Path,
) -> None:
    paths = [utterance.path for utterance in smallest.utterances]
    name = f"log-mels of {smallest.corpus.title}; otherwise librosa in {cpu_count()} processes"

    def pooled() -> None:
        np.savez(tmp_path / "logmels.npz", *processes.map(logmel, paths, chunksize=8))

    with in_own_process(preparing, smallest, tmp_path) as ours:
        versus(name, "x real time", seconds, ours, pooled)
