from pathlib import Path

import numpy as np
import pytest
import torch
from tests.trees import scan

from xlser.audio import Extractor, FrontEnd, load
from xlser.backbones import PretrainedBackbone, pretrained
from xlser.corpora import get_corpus
from xlser.methods import Speech
from xlser.settings import Settings
from xlser.training import embed


@pytest.fixture
def published(real_weights: Path, tmp_path: Path) -> PretrainedBackbone:
    return pretrained("audiontt-512", Settings(cache=tmp_path, weights=str(real_weights)))


@pytest.fixture
def german_speech(real_data: Path) -> Speech:
    """Forty utterances of EMO-DB, every tenth."""
    inventory = scan(get_corpus("emodb"), real_data / "emodb")
    extract = Extractor(FrontEnd())
    frames = [extract(load(u.path)).frames for u in inventory.utterances[::10][:40]]
    lengths = torch.tensor([len(f) for f in frames])
    return Speech(torch.from_numpy(np.concatenate(frames)), lengths)


def test_the_published_weights_are_found_by_their_blob_id(published: PretrainedBackbone) -> None:
    assert published.digest == "f4283f224c40a869e7bed9fd64316342ee2809c7"
    assert published.state is not None
    built = published.build().state_dict()
    assert all(torch.equal(built[name], weight) for name, weight in published.state.items())


def test_a_batch_of_real_utterances_gives_what_one_at_a_time_gives(
    published: PretrainedBackbone, german_speech: Speech
) -> None:
    backbone = published.build()
    together = embed(backbone, german_speech)
    parts = german_speech.features.float().split(german_speech.lengths.tolist())
    with torch.inference_mode():
        alone = torch.cat([backbone(part[None]) for part in parts])
    assert len(german_speech.lengths.unique()) > 20
    assert together.shape == (40, 512)
    assert (together - alone).abs().max() <= 1e-4 * max(1.0, alone.abs().max().item())
