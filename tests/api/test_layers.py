"""The choice of a layer: on source speakers alone, by figures that can be checked."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.backbones.encoders.models import save
from tests.cli.commands import xlser

from xlser.api import layers
from xlser.api.layers import LayerChoice, choose_layer
from xlser.errors import SettingsError
from xlser.protocols import get_protocol
from xlser.runs import gather
from xlser.settings import Settings

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save("whisper", tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def settings(demo_cache: Path) -> Settings:
    return Settings(cache=demo_cache)


@pytest.fixture(scope="module")
def choice(folder: Path, settings: Settings) -> LayerChoice:
    return choose_layer(f"hf:{folder}#layer=2", get_protocol("demo"), settings)


def test_it_reads_the_source_alone(choice: LayerChoice) -> None:
    assert choice.corpora == ("demo-english",)
    assert choice.protocol == "demo"
    assert choice.across_corpora == ()
    assert len(choice.across_speakers) == 4
    assert all(0 <= ua <= 1 for ua in choice.across_speakers)
    assert choice.across_speakers[choice.layer] == max(choice.across_speakers)
    (row,) = [row for row in choice.rows() if row["chosen"]]
    assert row["layer"] == choice.layer


def test_no_speaker_is_on_both_sides(settings: Settings) -> None:
    inventory = gather(get_protocol("demo"), (), settings).inventories["demo-english"]
    speaker = np.array([u.speaker for u in inventory.utterances])
    emotion = np.unique([u.emotion for u in inventory.utterances], return_inverse=True)[1]
    halves = layers._by_speaker(speaker, emotion, 4)
    tested = np.concatenate([test for _, test in halves])
    assert sorted(tested) == list(range(len(speaker)))
    for train, test in halves:
        assert not set(speaker[train]) & set(speaker[test])


def test_the_better_layer_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two layers one is noise; the figures are those of the predictions."""
    rng = np.random.default_rng(0)
    emotion = np.arange(60) % 3
    speaker = np.repeat(np.arange(6), 10)
    halves = layers._by_speaker(speaker, emotion, 3)
    noise = rng.normal(size=(60, 4)).astype(np.float32)
    good = noise + 5 * np.eye(4)[emotion].astype(np.float32)
    scores = [
        layers._unweighted_accuracy(emotion, layers._predicted(of, emotion, halves))
        for of in (noise, good)
    ]
    assert scores[0] < 0.6 < 0.95 < scores[1]


def test_unweighted_accuracy_is_the_mean_recall() -> None:
    truth, predicted = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    assert layers._unweighted_accuracy(truth, predicted) == pytest.approx((2 / 3 + 1) / 2)


def test_a_backbone_without_layers_is_refused(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="egemaps has no layers to choose from"):
        choose_layer("egemaps", get_protocol("demo"), settings)


def test_the_command_prints_the_figures(folder: Path, tmp_path: Path, demo_cache: Path) -> None:
    asked = ("layers", f"hf:{folder}", "--protocol", "demo")
    done = xlser(*asked, folder=tmp_path, XLSER_CACHE=str(demo_cache))
    assert done.returncode == 0, done.stderr
    assert "UA % across speakers" in done.stdout
    as_json = xlser(*asked, "--json", folder=tmp_path, XLSER_CACHE=str(demo_cache))
    figures = json.loads(as_json.stdout)
    assert len(figures["across_speakers"]) == 4
    assert f"chosen: hf:{folder}#layer={figures['layer']}" in done.stdout + done.stderr
