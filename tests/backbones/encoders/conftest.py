"""Folders of tiny models, made once; speech of mixed lengths."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tests.backbones.encoders.models import save

from xlser.backbones import PretrainedBackbone, pretrained
from xlser.settings import Settings

pytest.importorskip("transformers")


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the folder of a tiny model, by name."""
    under = tmp_path_factory.mktemp("models")

    def folder(name: str) -> Path:
        path = under / name
        return path if path.is_dir() else save(name, path)

    return folder


@pytest.fixture
def tiny(folders: Callable[[str], Path], tmp_path: Path) -> Callable[..., PretrainedBackbone]:
    """Return the backbone of a tiny model, by name and options."""

    def backbone(name: str, options: str = "") -> PretrainedBackbone:
        settings = Settings(cache=tmp_path)
        return pretrained(f"hf:{folders(name)}" + (f"#{options}" if options else ""), settings)

    return backbone


def speech(*lengths: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return waveforms, shape (batch, longest, 1), that differ in loudness, and their lengths."""
    generator = torch.Generator().manual_seed(len(lengths))
    count = torch.tensor(lengths)
    waveforms = torch.randn(len(lengths), max(lengths), generator=generator)
    waveforms = waveforms.cumsum(dim=1).sin() * torch.linspace(0.1, 0.5, len(lengths))[:, None]
    return (waveforms * (torch.arange(max(lengths)) < count[:, None]))[..., None], count
