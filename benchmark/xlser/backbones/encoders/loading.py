"""From a folder with a model to weights by name, and the digest of their values."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from xlser.backbones.backbone import Backbone, specialised
from xlser.backbones.encoders.hub import (
    CONFIG,
    INDEX,
    PICKLED,
    PREPROCESSOR,
    WHOLE,
    read_json,
    shape_of,
)
from xlser.errors import WeightsError

_PREFIXES = {
    "whisper": ("model.", "encoder."),
    "wav2vec2": ("wav2vec2.",),
    "hubert": ("hubert.",),
    "wavlm": ("wavlm.",),
    "wav2vec2-bert": ("wav2vec2_bert.",),
}
"""What may stand before the encoder's own names, by family: a model's parts have names."""


def load_encoder(kind: Any, folder: Path) -> tuple[type[Backbone], str, dict[str, Tensor]]:
    """Return the class as the folder's configuration has it, a digest, and the weights.

    No code of the folder is run. The digest is over the names and float32 values of all the
    encoder's weights: it is the same for a file of half precision and one that was widened from
    it, and for each layer that is taken.

    Args:
        kind: an encoder, a subclass of `TransformerBackbone`.
        folder: with its configuration and weights.

    Raises:
        WeightsError: the folder is of another encoder, lacks weights, or holds some of a wrong
            shape.
    """
    config = read_json(folder / CONFIG)
    if config.get("model_type") != kind.family:
        raise WeightsError(
            f"{folder} holds a model of the family {config.get('model_type')}, not {kind.family}.",
            f"Put the weights of {kind.name} there, or name another folder with --weights.",
        )
    if shape_of(config) != (kind.depth, kind.width):
        depth, width = shape_of(config)
        raise WeightsError(
            f"{folder} holds {depth} layers of {width}, not {kind.depth} of {kind.width} as "
            f"{kind.name} has.",
            f"Put the weights of {kind.name} there, or name another folder with --weights.",
        )
    attributes: dict[str, Any] = {"architecture": config}
    preprocessor = folder / PREPROCESSOR
    if preprocessor.is_file() and kind.family in ("wav2vec2", "hubert", "wavlm"):
        attributes["normalise"] = bool(read_json(preprocessor).get("do_normalize", True))
    made: Any = specialised(kind, **attributes)
    with torch.device("meta"):  # for names and shapes: nothing is allocated
        wanted = {name: value.shape for name, value in made().state_dict().items()}
        whole = specialised(made, layer=kind.depth)()
        named = set(whole.state_dict())
    tensors = {_ours(name, kind.family): value for name, value in _read(folder).items()}
    encoder = {name: value.float() for name, value in tensors.items() if name in named}
    for name, shape in wanted.items():
        if name not in encoder or encoder[name].shape != shape:
            found = tuple(encoder[name].shape) if name in encoder else "nothing"
            raise WeightsError(
                f"{folder} does not hold the weights of {kind.name}: {name} must be of shape "
                f"{tuple(shape)}, it is {found}.",
                "Fetch the model anew, or name another one.",
            )
    return made, _digest(encoder), {name: encoder[name] for name in wanted}


def _ours(name: str, family: str) -> str:
    """Return the name that the network has for a weight of a file."""
    for prefix in _PREFIXES[family]:
        name = name.removeprefix(prefix)
    # Weight norm of torch 1, which older files hold.
    for old, new in (("weight_g", "original0"), ("weight_v", "original1")):
        name = name.replace(f"conv.{old}", f"conv.parametrizations.weight.{new}")
    return f"network.{name}"


def _read(folder: Path) -> dict[str, Tensor]:
    """Return all tensors of a folder; floating-point ones as they are."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if (folder / WHOLE).is_file():
            return dict(load_file(folder / WHOLE))
        if (folder / INDEX).is_file():
            shards = set(read_json(folder / INDEX)["weight_map"].values())
            return {k: v for shard in sorted(shards) for k, v in load_file(folder / shard).items()}
        state = torch.load(folder / PICKLED, map_location="cpu", weights_only=True)
        return {name: value for name, value in state.items() if isinstance(value, Tensor)}
    except (OSError, SafetensorError) as cause:
        raise WeightsError(
            f"{folder} holds no weights that can be read ({cause}).", "Fetch the model anew."
        ) from cause
    except Exception as cause:  # what a broken pickle raises depends on its bytes
        raise WeightsError(
            f"{folder / PICKLED} cannot be loaded as plain weights ({cause}).",
            "Name a model with weights as safetensors.",
        ) from cause


def _digest(state: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(f"{name} {tuple(value.shape)}\n".encode())
        digest.update(value.contiguous().numpy().data)
    return digest.hexdigest()
