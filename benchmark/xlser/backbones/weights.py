"""Backbone weights: found or downloaded, verified, loaded without running any code."""

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from xlser.backbones.backbone import Backbone, PublishedWeights, made_of, specialised
from xlser.backbones.naming import get_backbone
from xlser.errors import WeightsError
from xlser.settings import Settings, expanded
from xlser.system.files import write_atomically

RANDOM = "random"
"""Asked for by this name (`--weights random`), a backbone starts from random numbers."""


@dataclass(frozen=True)
class PretrainedBackbone:
    """A backbone and the weights it starts from.

    Attributes:
        kind: the class.
        digest: git blob id of the published checkpoint, SHA-256 of the values of a model of the
            Hub or of a table, "random", or "none".
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
        return backbone.made_trainable()

    def without_state(self) -> "PretrainedBackbone":
        """Return the backbone without its weights, for runs whose speech is embedded already."""
        return replace(self, state={}) if self.state else self

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process by the importable class and what it has instead."""
        kind, attributes = made_of(self.kind)
        return _arrived, (kind, attributes, self.digest, self.state)


def _arrived(
    kind: type[Backbone],
    attributes: Mapping[str, Any],
    digest: str,
    state: Mapping[str, Tensor] | None,
) -> PretrainedBackbone:
    made = specialised(kind, **attributes) if attributes else kind
    return PretrainedBackbone(made, digest, state)


def pretrained(name: str, settings: Settings) -> PretrainedBackbone:
    """Return the backbone of a name, as `get_backbone` reads it, with its published weights.

    They are taken from `settings.weights` (a file, or a folder searched by content), else from
    the cache, else downloaded into it; in each case the git blob id must agree. A model of the Hub
    comes from a folder of its name below `settings.weights`, else from the Hub's own cache, else
    from the Hub.

    Raises:
        UnknownNameError: no such backbone.
        WeightsError: no weights, or not those published.
    """
    kind = get_backbone(name)
    if kind.weights is not None and settings.weights == RANDOM:
        return PretrainedBackbone(kind, RANDOM, None)
    if not isinstance(kind.weights, PublishedWeights):
        return PretrainedBackbone(*kind.fetch(settings))
    path = _find(kind.weights, settings)
    return PretrainedBackbone(kind, kind.weights.blob, _load(path, kind))


def blob_id(content: bytes) -> str:
    """Return the git blob id of `content`: SHA-1 over a header with its size and itself."""
    header = b"blob %d\0" % len(content)
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def find_weights(kind: type[Backbone], settings: Settings) -> Path | None:
    """Return the verified checkpoint, or the folder of a model, if it is on this machine."""
    if isinstance(kind.weights, PublishedWeights):
        return _published_here(kind.weights, settings)
    return kind.find(settings)


def _published_here(published: PublishedWeights, settings: Settings) -> Path | None:
    if settings.weights and settings.weights != RANDOM:
        return _verified_at(expanded(settings.weights, "--weights or XLSER_WEIGHTS"), published)
    cached = _cached(published, settings)
    return cached if _matches(cached, published) else None


def _find(published: PublishedWeights, settings: Settings) -> Path:
    path = _published_here(published, settings)
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


def parameter_count(kind: type[Backbone]) -> int | None:
    """Return how many parameters a backbone has; None if it cannot be built here.

    It is built without memory for its weights, and nothing is drawn or loaded.
    """
    try:
        with torch.device("meta"):
            return sum(parameter.numel() for parameter in kind().parameters())
    except Exception:  # a package that it needs is missing, or it reads its weights to be built
        return None
