"""A backbone's own front-end is what its runs hear, wherever speech comes from."""

import numpy as np
import pytest
import torch
from tests.demo import Demo

from xlser.audio import Extractor, FrontEnd, load
from xlser.backbones import PretrainedBackbone
from xlser.runs import SpeechData


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("cache"), weights="random")


@pytest.fixture
def data(demo: Demo) -> SpeechData:
    return demo.data()


def frames(data: SpeechData, backbone: PretrainedBackbone) -> torch.Tensor:
    (first, *_) = data.inventories["demo-german"].utterances
    return data.speech([first.id], "finetune", backbone).features


def by_hand(data: SpeechData, frontend: FrontEnd) -> np.ndarray:
    (first, *_) = data.inventories["demo-german"].utterances
    return Extractor(frontend)(load(first.path)).frames


def test_a_backbone_hears_the_protocols_log_mels_unless_it_has_its_own(
    demo: Demo, data: SpeechData
) -> None:
    ours, published = demo.backbone("audiontt-512"), demo.backbone("audiontt-512-25ms")
    assert data.frontend(ours) == data.protocol.frontend
    assert data.frontend(published).window == 400
    for _ in range(2):  # neither takes the other's, whichever came first
        for backbone in (ours, published):
            heard = frames(data, backbone)
            assert np.array_equal(heard, by_hand(data, data.frontend(backbone)))


def test_what_travels_to_another_machine_is_of_the_backbones_front_end(
    demo: Demo, data: SpeechData
) -> None:
    backbone = demo.backbone("audiontt-512-25ms")
    data.prepare("finetune", backbone)
    there = data.carried()
    assert torch.equal(frames(there, backbone), frames(data, backbone))


def test_embeddings_of_two_front_ends_are_kept_apart(demo: Demo, data: SpeechData) -> None:
    (first, *_) = data.inventories["demo-german"].utterances
    longer, shorter = (
        data.speech([first.id], "frozen", demo.backbone(name)).features
        for name in ("audiontt-512", "audiontt-512-25ms")  # of the same random weights
    )
    assert not torch.equal(longer, shorter)
