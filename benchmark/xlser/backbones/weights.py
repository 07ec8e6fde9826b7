"""Backbone weights: found or downloaded, verified, loaded without running any code."""

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from xlser.backbones.backbone import Backbone, PublishedWeights, get_backbone
from xlser.errors import WeightsError
from xlser.settings import Settings, expanded
from xlser.system.files import write_atomically

RANDOM = "random"
"""Asked for by this name (`--weights random`), a backbone starts from random numbers."""

NONE = "none"
"""What a record says of a backbone that has no weights."""


@dataclass(frozen=True)
class PretrainedBackbone:
    """A backbone and the weights it starts from.

    Attributes:
        kind: the class.
        digest: git blob id of the published checkpoint, "random", or "none".
        state: weights by name; None for random ones.
    """

    kind: type[Backbone]
    digest: str
    state: Mapping[str, Tensor] | None

    def build(self) -> nn.Module:
        """Return a fresh backbone; random weights come from torch's global generator."""
        backbone = self.kind()
        if self.state is not None:
            backbone.load_state_dict(self.state)
        return backbone


def pretrained(name: str, settings: Settings) -> PretrainedBackbone:
    """Return the backbone registered as `name` with its published weights.

    They are taken from `settings.weights` (a file, or a folder searched by content), else from
    the cache, else downloaded into it; in each case the git blob id must agree.

    Raises:
        UnknownNameError: no such backbone.
        WeightsError: no weights, or not those published.
    """
    kind = get_backbone(name)
    if kind.weights is None:
        return PretrainedBackbone(kind, NONE, None)
    if settings.weights == RANDOM:
        return PretrainedBackbone(kind, RANDOM, None)
    path = _find(kind.weights, settings)
    return PretrainedBackbone(kind, kind.weights.blob, _load(path, kind))


def blob_id(content: bytes) -> str:
    """Return the git blob id of `content`: SHA-1 over a header with its size and itself."""
    header = b"blob %d\0" % len(content)
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def find_weights(published: PublishedWeights, settings: Settings) -> Path | None:
    """Return the verified checkpoint if it is on this machine, else None."""
    if settings.weights and settings.weights != RANDOM:
        return _verified_at(expanded(settings.weights, "--weights or XLSER_WEIGHTS"), published)
    cached = _cached(published, settings)
    return cached if _matches(cached, published) else None


def _find(published: PublishedWeights, settings: Settings) -> Path:
    path = find_weights(published, settings)
    if path is not None:
        return path
    if settings.weights:
        raise WeightsError(
            f"{settings.weights} holds no checkpoint with the git blob id of {published.file} "
            f"({published.blob}).",
            _remedy(published),
        )
    return _download(published, _cached(published, settings))


def _cached(published: PublishedWeights, settings: Settings) -> Path:
    return settings.cache / "weights" / published.file


def _verified_at(place: Path, published: PublishedWeights) -> Path | None:
    candidates = sorted(place.glob("*.pth")) if place.is_dir() else [place]
    return next((path for path in candidates if _matches(path, published)), None)


def _matches(path: Path, published: PublishedWeights) -> bool:
    return path.is_file() and blob_id(path.read_bytes()) == published.blob


def _download(published: PublishedWeights, path: Path) -> Path:
    try:
        with urllib.request.urlopen(published.url, timeout=60) as response:
            content = response.read()
    except (urllib.error.URLError, http.client.HTTPException, OSError) as cause:
        raise WeightsError(
            f"The weights {published.file} are not on this machine and could not be downloaded "
            f"from {published.url} ({cause}).",
            _remedy(published),
        ) from cause
    if blob_id(content) != published.blob:
        raise WeightsError(
            f"What {published.url} served is not the published checkpoint: its git blob id is "
            f"{blob_id(content)}, not {published.blob}.",
            _remedy(published),
        )
    write_atomically(path, content)
    return path


def _load(path: Path, kind: type[Backbone]) -> Mapping[str, Tensor]:
    try:
        state: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as cause:  # what a broken file raises depends on its bytes
        raise WeightsError(
            f"{path} cannot be loaded as plain weights ({cause}).", "Get the published file."
        ) from cause
    if not isinstance(state, Mapping) or _shapes(state) != _shapes(kind().state_dict()):
        raise WeightsError(
            f"{path} does not hold the weights of {kind.name}.", "Get the published file."
        )
    return state


def _shapes(state: Mapping[str, object]) -> dict[str, object]:
    return {name: getattr(value, "shape", None) for name, value in state.items()}


def _remedy(published: PublishedWeights) -> str:
    return (
        f"Get {published.file} ({published.licence}) from {published.url} and name it or its "
        "folder with --weights or XLSER_WEIGHTS; `--weights random` starts from random numbers, "
        "and `--backbone logmel-functionals --track frozen` needs no weights."
    )
