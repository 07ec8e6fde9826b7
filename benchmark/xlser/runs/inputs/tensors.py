"""Tensors in safetensors files, with a digest of the content to detect damage."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from xlser.system.files import sweep, write_atomically

_DIGEST = "sha256"


def save_tensors(path: Path, tensors: Mapping[str, Tensor], **about: str) -> None:
    """Write tensors to a file atomically.

    Args:
        path: of the file.
        tensors: by name.
        about: metadata.
    """
    sweep(path.parent)
    at_rest = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    metadata = {**about, _DIGEST: _digest(at_rest)}
    write_atomically(path, safetensors.torch.save(at_rest, metadata=metadata))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], Mapping[str, str]] | None:
    """Return the tensors and the metadata of a file; None if it is absent or not whole.

    The cache can be filled again, so a truncated or changed file counts as absent.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            names = file.keys()
            tensors = {name: file.get_tensor(name) for name in names}
            about = file.metadata() or {}
    except (OSError, safetensors.SafetensorError):
        return None
    return (tensors, about) if about.get(_DIGEST) == _digest(tensors) else None


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
