"""eGeMAPS and ComParE: openSMILE's own values, finite for every clip."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.cli.commands import xlser
from tests.demo import Demo

from xlser.audio import load
from xlser.backbones import get_backbone
from xlser.methods import Speech
from xlser.training import embed

opensmile = pytest.importorskip("opensmile")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[np.ndarray]:
    inventory = Demo(tmp_path_factory.mktemp("cache")).catalogue().inventories["demo-german"]
    some = [load(utterance.path) for utterance in inventory.utterances[:4]]
    return [(samples * 2**15).round().clip(-(2**15), 2**15 - 1) / 2**15 for samples in some]


def speech(parts: list[np.ndarray]) -> Speech:
    samples = np.concatenate(parts) * 2**15
    lengths = torch.tensor([len(part) for part in parts])
    return Speech(torch.from_numpy(samples.astype(np.int16))[:, None], lengths)


@pytest.mark.parametrize(
    ("name", "feature_set"), [("egemaps", "eGeMAPSv02"), ("compare", "ComParE_2016")]
)
def test_values_are_those_of_opensmile(
    name: str, feature_set: str, recordings: list[np.ndarray]
) -> None:
    backbone = get_backbone(name)()
    made = embed(backbone, speech(recordings))
    assert made.shape == (len(recordings), backbone.dimension)
    smile = opensmile.Smile(getattr(opensmile.FeatureSet, feature_set), "func")
    for row, samples in zip(made, recordings, strict=True):
        expected = smile.process_signal(samples.astype(np.float32), 16_000).to_numpy()[0]
        np.testing.assert_allclose(row, np.nan_to_num(expected), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["egemaps", "compare"])
@pytest.mark.parametrize("samples", [1, 160, 800, 4_000])
def test_short_clips_give_numbers(name: str, samples: int, recordings: list[np.ndarray]) -> None:
    clip = recordings[0][8_000 : 8_000 + samples]
    alone = embed(get_backbone(name)(), speech([clip]))
    assert torch.isfinite(alone).all()
    together = embed(get_backbone(name)(), speech([clip, recordings[1]]))
    torch.testing.assert_close(together[:1], alone, rtol=1e-4, atol=1e-4)


def test_its_terms_are_shown_before_it_embeds_anything(tmp_path: Path) -> None:
    assert "not commercial" in get_backbone("egemaps").terms()
    command = ("run", "svm", "--target", "german", "--labels", "0", "--backbone", "egemaps",
               "--leaderboards", str(tmp_path / "boards"), "--jobs", "1")  # fmt: skip
    for seed, shown in ((0, True), (1, False)):
        done = xlser(*command, "--seeds", str(seed), folder=tmp_path, XLSER_CACHE=str(tmp_path))
        assert done.returncode == 0, done.stderr
        said = done.stdout + done.stderr
        assert ("may be used for research and education" in said) == shown
