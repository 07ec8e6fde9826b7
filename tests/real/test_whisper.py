"""The real Whisper encoder on real speech: batches, and its own length against 30 s."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.trees import scan

from xlser.audio import FULL_SCALE, load
from xlser.audio.waveform import quantised
from xlser.backbones import PretrainedBackbone, pretrained
from xlser.corpora import get_corpus
from xlser.methods import Speech
from xlser.settings import Settings
from xlser.training import embed

UTTERANCES = 24

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def whisper(real_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> PretrainedBackbone:
    if not (real_weights / "whisper-base-encoder").is_dir():
        pytest.skip("no whisper-base-encoder beside the weights")
    settings = Settings(cache=tmp_path_factory.mktemp("cache"), weights=str(real_weights))
    return pretrained("whisper-base#layers=all", settings)


@pytest.fixture(scope="module")
def speech(real_data: Path) -> Speech:
    """Utterances of EMO-DB, every seventeenth, and one of 31 s made of them."""
    inventory = scan(get_corpus("emodb"), real_data / "emodb")
    parts = [
        torch.from_numpy(quantised(load(utterance.path)).frames)
        for utterance in inventory.utterances[::17][:UTTERANCES]
    ]
    parts.append(torch.cat(parts)[: 31 * 16_000])
    return Speech(torch.cat(parts), torch.tensor([len(part) for part in parts]))


def test_its_digest_is_that_of_openais_weights(whisper: PretrainedBackbone) -> None:
    assert whisper.digest.startswith("23f9a393431c")
    assert whisper.kind.dimension == 7 * 512


def test_a_batch_gives_what_single_utterances_give(
    whisper: PretrainedBackbone, speech: Speech
) -> None:
    network = whisper.build()
    together = embed(network, speech)
    with torch.inference_mode():
        alone = torch.cat(
            [network(part[None] / FULL_SCALE) for part in
             torch.split(speech.features, speech.lengths.tolist())]
        )  # fmt: skip
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


def test_its_own_length_gives_states_like_those_of_thirty_seconds(
    whisper: PretrainedBackbone, speech: Speech
) -> None:
    """Each layer's mean state points where the padded one points, but not exactly."""
    from transformers import WhisperFeatureExtractor

    network: Any = whisper.build().eval()
    extractor = WhisperFeatureExtractor()
    likeness = []
    for part in torch.split(speech.features, speech.lengths.tolist())[:6]:
        samples = part[:, 0] / FULL_SCALE
        features = extractor(samples.numpy(), sampling_rate=16_000, return_tensors="pt")
        with torch.inference_mode():
            own = network(samples[None, :, None])[0].view(7, 512)
            padded = _padded(network.network, features.input_features, -(-len(samples) // 320))
        likeness.append(torch.cosine_similarity(own - own.mean(1, True),
                                                padded - padded.mean(1, True)))  # fmt: skip
    by_layer = torch.stack(likeness).mean(dim=0)
    assert by_layer[0] > 0.999  # the convolutions see the same, but for the last frame
    assert by_layer[1:].min() > 0.8
    assert by_layer[1:].max() < 0.9999


def _padded(encoder: Any, features: torch.Tensor, states: int) -> torch.Tensor:
    """Return the mean over the utterance's own states of each layer, as Whisper is meant to run."""
    x = torch.nn.functional.gelu(encoder.conv1(features))
    x = torch.nn.functional.gelu(encoder.conv2(x)).transpose(1, 2) + encoder.embed_positions.weight
    found = [x]
    for layer in encoder.layers:
        found.append(layer(found[-1], None))
    found[-1] = encoder.layer_norm(found[-1])
    return torch.stack([state[0, :states].mean(dim=0) for state in found])
