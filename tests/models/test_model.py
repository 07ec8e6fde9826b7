import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.demo import Demo
from typer.testing import CliRunner

import xlser as suite
from xlser.cli import app
from xlser.errors import AudioError, ModelError
from xlser.models import load_model
from xlser.settings import Settings


@pytest.fixture(scope="module")
def trained(demo_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "model"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XLSER_CACHE", str(demo_cache))
        suite.train("logistic-regression", folder, target="german", labels=20, seed=0)
    return folder


def test_its_card_states_what_it_learnt_from_and_what_it_scores(trained: Path) -> None:
    assert sorted(path.name for path in trained.iterdir()) == ["model.json", "model.safetensors"]
    card = json.loads((trained / "model.json").read_bytes())
    assert card["method"] == "logistic-regression"
    assert sum(card["trained_on"]["labelled"].values()) == card["labels"] == 20
    assert next(iter(card["measured"])) == "german"


def test_recordings_of_its_test_speakers_give_the_score_that_it_states(
    trained: Path, demo_cache: Path
) -> None:
    demo = Demo(demo_cache)
    catalogue = demo.catalogue()
    scenario = catalogue.scenario("german", 20, 0)
    utterance = {u.id: u for i in catalogue.inventories.values() for u in i.utterances}
    tested = [utterance[id_] for id_ in scenario.target_test]
    model = load_model(trained, Settings(cache=demo_cache))
    found = model.predict([u.path for u in tested])
    truth = pd.Series([u.emotion for u in tested])
    right = found["emotion"] == truth
    measured = model.card.measured["german"]
    assert len(tested) == measured.utterances
    assert round(100 * right.groupby(truth).mean().mean(), 2) == measured.ua
    assert np.allclose(found[list(model.card.classes)].sum(axis=1), 1)


def test_every_prediction_is_printed_with_what_the_model_is_worth(
    trained: Path, demo_cache: Path
) -> None:
    recording = str(
        next(iter(Demo(demo_cache).catalogue().inventories.values())).utterances[0].path
    )
    worth = load_model(trained, Settings(cache=demo_cache)).card.measured["german"].ua
    command = ["predict", str(trained), recording]
    run = CliRunner().invoke
    table = run(app, command)
    assert Path(recording).name in table.stdout
    assert f"German {worth:.1f} % UA" in table.stdout
    as_json = json.loads(run(app, [*command, "--json"]).stdout)
    assert as_json["predictions"][0]["measured UA"] == worth
    assert as_json["model"]["trained_on"]["labelled"]
    csv = run(app, [*command, "--format", "csv"]).stdout.splitlines()
    assert csv[0].startswith("file,emotion,probability")
    assert csv[1].endswith(f"german,{worth}")


def test_recordings_that_cannot_be_used_are_all_named(trained: Path, tmp_path: Path) -> None:
    model = load_model(trained)
    (tmp_path / "empty.wav").touch()
    with pytest.raises(AudioError, match=r"(?s)2 of 2.*empty\.wav.*absent\.wav"):
        model.predict([tmp_path / "empty.wav", tmp_path / "absent.wav"])


def test_a_model_that_was_changed_or_is_none_is_refused(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is there already"):
        suite.train("logistic-regression", trained, target="german")
    with pytest.raises(ModelError, match="holds no model"):
        load_model(tmp_path)
    for path in trained.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    damaged = bytearray((tmp_path / "model.safetensors").read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(damaged)
    with pytest.raises(ModelError, match="is not the file"):
        load_model(tmp_path)
