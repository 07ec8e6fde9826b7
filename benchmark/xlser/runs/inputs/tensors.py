"""Tensors in files that tell whether they are whole: no pickles, and a digest of the content."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from xlser.files import sweep, write_atomically

_DIGEST = "sha256"


def save_tensors(path: Path, tensors: Mapping[str, Tensor], **about: str) -> None:
    """Write tensors and words about them to a file, whole or not at all."""
    sweep(path.parent)
    at_rest = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    metadata = {**about, _DIGEST: _digest(at_rest)}
    write_atomically(path, safetensors.torch.save(at_rest, metadata=metadata))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], Mapping[str, str]] | None:
    """Return the tensors of a file and the words about them; None if it is not there or not whole.

    What is in the cache can be made again: a file that was cut short, or whose content is not what
    was written, is as good as none.
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
