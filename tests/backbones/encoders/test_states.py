"""States are those that transformers computes, layer by layer."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from tests.backbones.encoders.conftest import speech
from tests.backbones.encoders.models import MODELS, model

from xlser.backbones import PretrainedBackbone

Tiny = Callable[..., PretrainedBackbone]


def theirs(name: str, samples: np.ndarray) -> list[torch.Tensor]:
    """Return the mean state of each layer as transformers gives it, its own preprocessing first."""
    import transformers

    network: Any = model(name)
    if name == "w2v-bert":
        given = transformers.SeamlessM4TFeatureExtractor()(
            samples, sampling_rate=16_000, return_tensors="pt"
        )
        valid = int(given.attention_mask.sum())
        made = network(given.input_features[:, :valid], output_hidden_states=True)
    else:
        extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=bool(MODELS[name][2]))
        given = extractor(samples, sampling_rate=16_000, return_tensors="pt")
        made = network(given.input_values, output_hidden_states=True)
    states = [*made.hidden_states[:-1], made.last_hidden_state]
    return [state[0].mean(dim=0) for state in states]


@pytest.mark.parametrize("name", [name for name in MODELS if name != "whisper"])
def test_each_layer_is_that_of_transformers(tiny: Tiny, name: str) -> None:
    waveforms, _ = speech(16_000)
    with torch.inference_mode():
        expected = theirs(name, waveforms[0, :, 0].numpy())
        stacked = tiny(name, "layers=all").build().eval()(waveforms)[0].split(32)
        for layer, state in enumerate(expected):
            alone = tiny(name, f"layer={layer}").build().eval()(waveforms)[0]
            torch.testing.assert_close(alone, state, atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(stacked[layer], state, atol=1e-4, rtol=1e-4)


def test_whisper_on_thirty_seconds_is_that_of_transformers(tiny: Tiny) -> None:
    import transformers

    waveforms, _ = speech(30 * 16_000)
    extractor = transformers.WhisperFeatureExtractor()
    features = extractor(waveforms[0, :, 0].numpy(), sampling_rate=16_000, return_tensors="pt")
    network: Any = model("whisper")
    with torch.inference_mode():
        made = network.encoder(features.input_features, output_hidden_states=True)
        states = [*made.hidden_states[:-1], made.last_hidden_state]
        ours = tiny("whisper", "layers=all").build().eval()(waveforms)[0].split(32)
    for state, own in zip(states, ours, strict=True):
        torch.testing.assert_close(own, state[0].mean(dim=0), atol=1e-3, rtol=1e-3)


def test_log_mels_of_short_speech_are_those_of_speech_padded_to_thirty_seconds(tiny: Tiny) -> None:
    import transformers

    waveforms, lengths = speech(16_000, 7_700)
    network: Any = tiny("whisper").build()
    frames = 2 * -(-lengths // 320)
    ours = network._log_mel(waveforms[..., 0], frames)
    for i, (length, count) in enumerate(zip(lengths.tolist(), frames.tolist(), strict=True)):
        padded = transformers.WhisperFeatureExtractor()(
            waveforms[i, :length, 0].numpy(), sampling_rate=16_000, return_tensors="pt"
        ).input_features[0]
        torch.testing.assert_close(ours[i, :, :count], padded[:, :count], atol=1e-3, rtol=1e-3)
        assert not ours[i, :, count:].any()
