"""A feature store of a real corpus."""

import time
from pathlib import Path

import numpy as np
import pytest
from tests.trees import scan

from xlser.audio import FeatureStore, FrontEnd, prepare
from xlser.corpora import Inventory, find_root, get_corpus
from xlser.settings import Settings


@pytest.fixture(scope="module")
def inventory(real_data: Path) -> Inventory:
    emodb = get_corpus("emodb")
    root = find_root(emodb, Settings(data=(real_data,), cache=real_data))
    if root is None:
        pytest.skip("no emodb/ under XLSER_DATA")
    return scan(emodb, root)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("features")


@pytest.fixture(scope="module")
def store(inventory: Inventory, cache: Path) -> FeatureStore:
    return prepare(inventory, FrontEnd(), cache)


def test_every_utterance_is_stored(store: FeatureStore, inventory: Inventory) -> None:
    assert store.about.utterances == 408
    assert store.ids == tuple(u.id for u in inventory.utterances)


def test_every_utterance_is_normalised_and_as_long_as_speech_is(store: FeatureStore) -> None:
    frames = store.frames(store.ids)
    spectrograms = np.split(frames.values.astype(np.float32), np.cumsum(frames.lengths)[:-1])
    assert max(abs(float(s.mean())) for s in spectrograms) < 2e-3
    assert max(abs(float(s.std()) - 1) for s in spectrograms) < 2e-3
    assert 100 <= frames.lengths.min() <= frames.lengths.max() <= 1000  # 1 to 10 s


def test_second_call_takes_less_than_a_second(
    store: FeatureStore, inventory: Inventory, cache: Path
) -> None:
    start = time.perf_counter()
    again = prepare(inventory, FrontEnd(), cache)
    assert time.perf_counter() - start < 1
    assert again.folder == store.folder
