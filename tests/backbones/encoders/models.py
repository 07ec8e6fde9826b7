"""Tiny random models of each family, as folders."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

_SMALL = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4,
          "intermediate_size": 64}  # fmt: skip
_CONVOLUTIONS = {"conv_dim": (16,) * 7, "num_conv_pos_embeddings": 8,
                 "num_conv_pos_embedding_groups": 2}  # fmt: skip
_LAYER_NORM = {"feat_extract_norm": "layer", "conv_bias": True, "do_stable_layer_norm": True}
_TRAINING = {"layerdrop": 0.5, "mask_time_prob": 0.5, "apply_spec_augment": True}
_WHISPER = {"d_model": 32, "encoder_layers": 3, "encoder_attention_heads": 4, "decoder_layers": 1,
            "encoder_ffn_dim": 64, "decoder_attention_heads": 4, "decoder_ffn_dim": 64,
            "vocab_size": 20, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
            "decoder_start_token_id": 1, "encoder_layerdrop": 0.5}  # fmt: skip

# Family and layout -> class of transformers, configuration, whether samples are normalised.
MODELS: Mapping[str, tuple[str, dict[str, Any], bool | None]] = {
    "whisper": ("WhisperModel", _WHISPER, None),
    "wav2vec2": ("Wav2Vec2Model", {**_SMALL, **_CONVOLUTIONS, **_TRAINING}, True),
    "xls-r": ("Wav2Vec2Model", {**_SMALL, **_CONVOLUTIONS, **_LAYER_NORM, **_TRAINING}, True),
    "hubert": ("HubertModel", {**_SMALL, **_CONVOLUTIONS, **_TRAINING}, True),
    "wavlm": ("WavLMModel", {**_SMALL, **_CONVOLUTIONS, **_TRAINING}, False),
    "w2v-bert": ("Wav2Vec2BertModel", {**_SMALL, **_TRAINING}, None),
}


def model(name: str) -> torch.nn.Module:
    """Return a random model of transformers; the same at every call."""
    import transformers

    kind, values, _ = MODELS[name]
    made = getattr(transformers, kind)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network: torch.nn.Module = made(made.config_class(**values))
        with torch.no_grad():  # as they begin, norms and biases do nothing
            for parameter in network.parameters():
                parameter += 0.1 * torch.randn_like(parameter)
    return network.eval()


def save(name: str, folder: Path) -> Path:
    """Write a model as `save_pretrained` does, with its preprocessor where it has one."""
    model(name).save_pretrained(folder)
    normalised = MODELS[name][2]
    if normalised is not None:
        (folder / "preprocessor_config.json").write_text(json.dumps({"do_normalize": normalised}))
    return folder
