"""Runs read log-mels of their backbone's own front-end, wherever speech comes from."""

import numpy as np
import pytest
import torch
from tests.demo import Demo

from xlser.audio import Extractor, load
from xlser.errors import StoreError
from xlser.runs import Inputs


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("cache"), weights="random")


def frames(inputs: Inputs) -> torch.Tensor:
    (first, *_) = inputs.catalogue.inventories["demo-german"].utterances
    return inputs.speech([first.id]).features


def by_hand(inputs: Inputs) -> np.ndarray:
    (first, *_) = inputs.catalogue.inventories["demo-german"].utterances
    return Extractor(inputs.input)(load(first.path)).frames


def test_a_backbone_gets_the_protocols_log_mels_unless_it_has_its_own(demo: Demo) -> None:
    ours, published = (
        demo.inputs("finetune", name) for name in ("audiontt-512", "audiontt-512-25ms")
    )
    assert ours.input == demo.protocol.frontend
    assert published.input.window == 400
    for inputs in (ours, published):
        assert np.array_equal(frames(inputs), by_hand(inputs))


def test_what_travels_to_another_machine_is_of_the_backbones_front_end(demo: Demo) -> None:
    inputs = demo.inputs("finetune", "audiontt-512-25ms")
    assert torch.equal(frames(inputs.portable()), frames(inputs))


def test_embeddings_of_two_front_ends_are_kept_apart(demo: Demo) -> None:
    longer, shorter = (
        frames(demo.inputs("frozen", name))
        for name in ("audiontt-512", "audiontt-512-25ms")  # of the same random weights
    )
    assert not torch.equal(longer, shorter)


def test_features_that_are_not_prepared_are_an_error(demo: Demo) -> None:
    with pytest.raises(StoreError, match="not prepared"):
        frames(demo.pipeline(backbone="audiontt-512").inputs("frozen"))
