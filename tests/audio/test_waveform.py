"""Waveforms as an input: 16-bit samples in a store of their own, beside log-mels."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.demo import Demo

from xlser.audio import FULL_SCALE, FeatureStore, FrontEnd, Waveform, load, prepare
from xlser.audio.waveform import quantised
from xlser.corpora import Inventory
from xlser.methods import Speech


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    return Demo(tmp_path_factory.mktemp("cache")).catalogue().inventories["demo-german"]


@pytest.fixture(scope="module")
def store(inventory: Inventory, tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return prepare(inventory, Waveform(), tmp_path_factory.mktemp("store"))


def test_a_store_holds_the_samples_to_half_a_step(
    inventory: Inventory, store: FeatureStore
) -> None:
    some = inventory.utterances[:5]
    frames = store.frames([utterance.id for utterance in some])
    assert frames.values.dtype == np.int16
    assert frames.values.shape == (frames.lengths.sum(), 1)
    parts = np.split(frames.values[:, 0], frames.lengths.cumsum()[:-1])
    for utterance, part in zip(some, parts, strict=True):
        samples = load(utterance.path).clip(-1, 1 - 1 / FULL_SCALE)
        assert np.abs(part / FULL_SCALE - samples).max() <= 0.5 / FULL_SCALE


def test_a_store_states_what_it_holds_and_lies_beside_that_of_log_mels(
    inventory: Inventory, store: FeatureStore, tmp_path: Path
) -> None:
    assert store.about.input == Waveform()
    assert store.about.frontend is None
    other = prepare(inventory, FrontEnd(), tmp_path)
    assert other.about.waveform is None
    assert other.folder.name != store.folder.name


def test_samples_over_full_scale_are_clipped() -> None:
    rows = quantised(np.array([-1.5, -1.0, 0.0, 0.5, 1.0, 1.5], dtype=np.float32))
    assert rows.frames[:, 0].tolist() == [-32768, -32768, 0, 16384, 32767, 32767]


def speech(*lengths: int) -> Speech:
    generator = torch.Generator().manual_seed(0)
    samples = torch.randint(-(2**15), 2**15, (sum(lengths), 1), generator=generator)
    return Speech(samples.to(torch.int16), torch.tensor(lengths))


def test_a_crop_of_ten_frames_is_a_tenth_of_a_second_of_samples() -> None:
    both = speech(1600, 4000)
    crops = both.crops(torch.tensor([1, 0]), 10, torch.tensor([0.5, 0.5]))
    assert crops.shape == (2, 1600, 1)
    assert crops.abs().max() <= 1
    assert torch.equal(crops[1], both.features[:1600] / 2**15)
    assert torch.equal(crops[0], both.features[1600 + 1200 :][:1600] / 2**15)


def test_utterances_are_picked_whole() -> None:
    three = speech(5, 3, 4)
    picked = three[torch.tensor([2, 0, 2])]
    assert picked.lengths.tolist() == [4, 5, 4]
    expected = [three.features[8:], three.features[:5], three.features[8:]]
    assert torch.equal(picked.features, torch.cat(expected))
    assert len(three[torch.tensor([], dtype=torch.long)].features) == 0
